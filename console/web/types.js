// What the gateway's routes send, for editors and type checkers; no script needs it to run.

/**
 * @typedef {"template" | "subscribe"} Channel
 * @typedef {{ openid?: string, unionid?: string, oa_openid?: string }} Recipient
 *
 * @typedef {{ notification: string, channel: Channel, field?: string, reason: string, remedy: string }} TemplateProblem
 *
 * @typedef {{ field: string, label?: string, text?: string, format?: string, values?: string[] }} EntryLine
 * @typedef {object} Entry  A notification by one of its channels.
 * @property {string} notification
 * @property {Channel} channel
 * @property {string} template_id
 * @property {string} [title]
 * @property {string} [page]
 * @property {EntryLine[]} lines
 * @property {TemplateProblem[]} problems
 *
 * @typedef {object} Face  What a user would see.
 * @property {string} template_id
 * @property {string} [title]
 * @property {string} [page]
 * @property {{ field: string, label?: string, value: string }[]} lines
 *
 * @typedef {{ n: number, to: Recipient, channel: Channel, card: Face, problems?: TemplateProblem[] }} Preview
 * @typedef {{ to: Recipient, reason: string, detail?: string, remedy: string }} Rejected
 * @typedef {{ messages: Preview[], rejected: Rejected[], problems: TemplateProblem[] }} DryRun
 * @typedef {{ id: string, accepted: number, rejected: Rejected[] }} Accepted
 *
 * @typedef {"queued" | "retrying" | "parked" | "sent" | "delivered" | "blocked" | "refused" | "failed" | "unknown"} MessageState
 * @typedef {object} MessageStatus
 * @property {number} n
 * @property {Recipient} to
 * @property {Channel} [channel]
 * @property {MessageState} state
 * @property {string} [reason]
 * @property {string} [detail]
 * @property {string} [remedy]
 * @property {number} [errcode]
 * @property {string} [rid]
 * @property {number} attempts
 * @property {number} updated_at
 *
 * @typedef {object} BatchStatus
 * @property {string} id
 * @property {string} notification
 * @property {Partial<Record<MessageState, number>>} counts
 * @property {MessageStatus[]} messages
 * @property {number} [next]
 *
 * @typedef {{ code: string | null, detail: string }} Refusal  A problem of the gateway's.
 * @typedef {{ id: string, replayed: number, may_arrive_twice: number, unfit: number }} Replayed
 *
 * @typedef {object} SyncProgress
 * @property {"idle" | "running" | "done" | "failed"} state
 * @property {number} listed
 * @property {number} known
 * @property {number} new
 * @property {string | null} [error]
 *
 * @typedef {object} Outcome  What came of the last call.
 * @property {"dry_run" | "send" | "login" | "sync" | "replay" | "refused" | "unreachable"} kind
 * @property {any} [answer]
 * @property {number} [user]
 *
 * @typedef {object} Call  The last call, and how a terminal would make it.
 * @property {string} name  Method and path
 * @property {string} curl
 * @property {number | null} status
 * @property {Outcome} outcome
 *
 * @typedef {object} Batch
 * @property {string} id
 * @property {Rejected[]} rejected  Who was left out; only the answer to the call says so.
 * @property {BatchStatus | null} status
 * @property {Refusal | null} problem  Why it cannot be read.
 * @property {number} pages  How many hundreds of its messages are shown.
 * @property {number} readAt  When it was read last, in the browser's milliseconds.
 * @property {number} changedAt  When it was last seen to be another than before.
 * @property {Replayed | null} replayed
 */

export {};
