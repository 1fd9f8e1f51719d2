// What the control routes send, for editors and type checkers; no script needs it to run.

/**
 * @typedef {{ label: string, field: string, value: string }} Line
 *
 * @typedef {object} Message
 * @property {string} id  The msgid in digits: as a number it would lose its last ones.
 * @property {"template" | "subscribe"} channel
 * @property {number} user
 * @property {string} title
 * @property {Line[]} lines
 * @property {string | null} client_msg_id
 * @property {string | null} page
 * @property {string | null} url
 * @property {number} at  Unix seconds of the simulated clock.
 * @property {null | "queued" | "taken" | "given_up" | "lost"} receipt
 * @property {boolean} [fresh]  Set here: it arrived while the page was open.
 *
 * @typedef {object} User
 * @property {number} user
 * @property {string} mini_openid
 * @property {string} oa_openid
 * @property {string | null} unionid
 * @property {boolean} following
 * @property {boolean} logged_in
 * @property {boolean} has_session
 * @property {boolean} refuses
 * @property {boolean} blocks
 * @property {boolean} hides_unionid
 * @property {Record<string, number>} credits
 *
 * @typedef {{ status: number, body: unknown } | null} Backend
 * @typedef {{ kind: "login", code?: string, backend?: Backend }
 *   | { kind: "credit", result?: unknown, backend?: Backend }} Note  What came of a user's last tap.
 *
 * @typedef {{ account: "oa" | "mini", id: string, title: string }} Template
 *
 * @typedef {object} Fault
 * @property {number} id
 * @property {string} endpoint
 * @property {number} [probability]
 * @property {number | null} [errcode]
 * @property {number | null} [http_status]
 * @property {number | null} [latency_ms]
 * @property {boolean} [cut]
 * @property {number} [delivered]
 * @property {number | null} [times]
 * @property {number | null} [user]
 *
 * @typedef {Record<string, number | boolean | null>} Shares  By the name of what goes wrong.
 * @typedef {{ endpoints: Fault[], followers: Shares, callback: Shares, mini_callback: Shares }} Faults
 *
 * @typedef {object} Console
 * @property {"off" | "token" | "all"} whitelist
 * @property {string[]} whitelisted
 * @property {string[]} removed_templates
 * @property {string[]} unpublished_pages
 * @property {boolean} refuses_repeats
 * @property {number} info_lag
 * @property {boolean} bound
 *
 * @typedef {{ calls: number, errors: Record<string, number>, max_concurrent: number }} EndpointStats
 * @typedef {{ endpoints: Record<string, EndpointStats>, delivered: number, duplicates: number }} Stats
 *
 * @typedef {object} Quota
 * @property {string} endpoint
 * @property {"oa" | "mini"} account
 * @property {number | null} per_day
 * @property {number | null} per_minute
 * @property {number} used_today
 * @property {number} used_this_minute
 *
 * @typedef {object} Entry  A line of the log. Which fields it has depends on its kind.
 * @property {string} id  `<run>-<n>`: no other simulator's entry has it.
 * @property {number} at
 * @property {"call" | "message" | "callback" | "control"} kind
 * @property {string} [endpoint]
 * @property {number[]} [users]  Some of those whom a call was about.
 * @property {number} [user_count]  How many these were.
 * @property {string} [answer]
 * @property {number} [took_ms]
 * @property {Message} [message]
 * @property {"oa" | "mini"} [account]
 * @property {string} [event]
 * @property {number} [user]
 * @property {string} [msgid]
 * @property {string} [status]
 * @property {"queued" | "taken" | "given_up" | "lost"} [outcome]
 * @property {number} [tries]
 * @property {string} [method]
 * @property {string} [path]
 */

export {};
