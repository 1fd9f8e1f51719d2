// The client: what a mini-program does with Queqiao.

import { Gateway } from "./gateway";
import { nobodyGets, subscribeFailed } from "./problem";
import { isCode, Sessions, type Session } from "./session";
import type { Accepted, BatchStatus, Credited, LoggedIn, LoggedOut, Logout, Message, Opened, Rejected, Sealed } from "./words";
import { promised, type Wx, type WxError } from "./wx";

export interface Options {
  /** Where Queqiao is: the stack's output `Gateway`, or a domain of your own. */
  baseUrl: string;
  /** Instead of the global `wx`, for tests. */
  wx?: Wx;
}

/** Who uses the mini-program. */
export type User = Pick<LoggedIn, "openid" | "unionid" | "following">;

/** What the user said to `subscribe`. */
export interface Subscribed extends Credited {
  /** The templates that the user accepted a message of just now. */
  accepted: string[];
}

declare const wx: Wx;

/** One for the whole program: its calls share one session. Every method throws a `Problem` when it fails. */
export function createQueqiao(options: Options): Queqiao {
  return new Queqiao(options.wx ?? wx, options.baseUrl.replace(/\/+$/, ""));
}

export class Queqiao {
  private readonly wx: Wx;
  private readonly gateway: Gateway;
  private readonly sessions: Sessions;

  /** See `createQueqiao`. */
  constructor(wx: Wx, baseUrl: string) {
    this.wx = wx;
    this.gateway = new Gateway(wx, baseUrl);
    this.sessions = new Sessions(wx, this.gateway, `queqiao:${baseUrl}`);
  }

  /**
   * Who the user is. All other methods log in by themselves where it is needed. `fresh` logs in anew whatever is kept:
   * `following` is as it was at the login, for up to three days.
   */
  async login({ fresh = false } = {}): Promise<User> {
    const { openid, unionid, following } = await (fresh ? this.sessions.renewed() : this.sessions.current());
    return { openid, unionid, following };
  }

  /**
   * Opens what WeChat has sealed with the session_key, which every `wx.login` changes: the user is logged in before
   * `sealed` is read. As a function (`() => wx.getWeRunData()`) it is read anew where it was sealed with an older
   * session_key. What came with a tap cannot be read anew; it then fails with `decrypt_failed`, a new session has
   * begun, and what the next tap brings will open. Have `login` done before such a button shows.
   */
  async decrypt(sealed: Sealed | (() => Promise<Sealed>)): Promise<Opened> {
    const isReadable = typeof sealed === "function";
    const open = async (session: Session) => {
      const { encryptedData, iv, rawData, signature } = isReadable ? await sealed() : sealed;
      return this.gateway.post("/decrypt", { encryptedData, iv, rawData, signature }, session);
    };
    const session = await this.sessions.current();
    try {
      return await this.sessions.run(open);
    } catch (problem) {
      if (!isCode(problem, "decrypt_failed")) throw problem;
      await this.sessions.renewed(session);
      if (!isReadable) throw problem;
      return this.sessions.run(open);
    }
  }

  /**
   * Asks the user for one subscribe message of each template, up to three, and has the accepts counted. WeChat asks
   * only in a tap: call it first thing in the tap's handler, before anything is awaited.
   */
  async subscribe(templateIds: string[]): Promise<Subscribed> {
    // Nothing may be awaited before this call: WeChat would not take it for the tap's any more.
    const asked = promised<object>((callbacks) => this.wx.requestSubscribeMessage({ tmplIds: templateIds, ...callbacks }));
    const answer = await asked.catch((error: WxError) => Promise.reject(subscribeFailed(error)));
    const results = texts(answer);
    const { credits } = await this.sessions.run((session) => this.gateway.post("/subscriptions", { results }, session));
    // `acceptWithAudio` and its like are accepts, too.
    const accepted = templateIds.filter((id) => results[id]?.startsWith("accept"));
    return { accepted, credits };
  }

  /**
   * Sends a notification that the catalog opens to users (`allow`). If nobody gets it, that is a `Problem` with the code
   * `rejected`; look at `rejected` where some do. With an `idempotencyKey` a call whose answer was lost may be made
   * again: the same key and message are one batch, for 24 hours.
   */
  async send(message: Message, { idempotencyKey }: { idempotencyKey?: string } = {}): Promise<Accepted> {
    const accepted = await this.sessions.run(({ token }) => this.gateway.post("/send", message, { token, idempotencyKey }));
    const [first, ...others]: Rejected[] = accepted.rejected;
    if (accepted.accepted === 0 && first) throw nobodyGets(202, [first, ...others]);
    return accepted;
  }

  /**
   * What became of a batch of the user's, 100 messages a page; `after` is the `next` of the page before. Of other users
   * it tells neither a `reason` that is theirs alone nor the `channel`, since both say whether they follow.
   */
  async status(id: string, { after }: { after?: number } = {}): Promise<BatchStatus> {
    const page = after === undefined ? "" : `?after=${after}`;
    const path = `/send/${encodeURIComponent(id)}${page}`;
    return this.sessions.run((session) => this.gateway.get("/send/{id}", path, session));
  }

  /** Ends the session, or `all` of the user's. It stays kept while the server has not said so. */
  async logout(logout: Partial<Logout> = {}): Promise<LoggedOut> {
    const session = await this.sessions.existing();
    if (!session) return { ended: 0 };
    try {
      const ended = await this.gateway.post("/logout", { all: logout.all ?? false }, session);
      this.sessions.forget(session);
      return ended;
    } catch (problem) {
      if (!isCode(problem, "unauthorized")) throw problem;
      this.sessions.forget(session);
      return { ended: 0 };
    }
  }
}

/** Its entries that are texts: POST /subscriptions takes no others, and a number beside them must not cost the accept. */
function texts(answer: object): Record<string, string> {
  const entries = Object.entries(answer).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return entries.reduce((all, [key, value]) => ({ ...all, [key]: value }), {});
}
