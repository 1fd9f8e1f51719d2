// The user's session: kept in wx storage, renewed when it has ended, one login at a time.

import type { Gateway } from "./gateway";
import { loginFailed } from "./problem";
import type { LoggedIn } from "./words";
import { promised, type Wx, type WxError } from "./wx";

/** A session, as it is kept. WeChat keeps the storage apart for each user of the phone. */
export interface Session extends Omit<LoggedIn, "expires_in"> {
  /** By the phone's clock, in milliseconds since 1970. */
  expires_at: number;
}

export class Sessions {
  private readonly wx: Wx;
  private readonly gateway: Gateway;
  private readonly key: string;
  private kept: Session | undefined;
  private login: Promise<Session> | undefined;

  constructor(wx: Wx, gateway: Gateway, key: string) {
    this.wx = wx;
    this.gateway = gateway;
    this.key = key;
    this.kept = this.read();
  }

  /** The one there is, or a new one. */
  async current(): Promise<Session> {
    return (await this.existing()) ?? this.renewed();
  }

  /** The one there is; that of a login on its way, where there is one. */
  async existing(): Promise<Session | undefined> {
    if (this.login) return this.login;
    return this.kept && Date.now() < this.kept.expires_at ? this.kept : undefined;
  }

  /**
   * A new one. A login on its way is shared, since a second `wx.login` would only take the session_key away from the
   * first; and where another call has renewed `ended` meanwhile, what it got is taken.
   */
  renewed(ended?: Session): Promise<Session> {
    if (ended && this.kept && this.kept.token !== ended.token) return Promise.resolve(this.kept);
    this.login ??= this.logIn().finally(() => (this.login = undefined));
    return this.login;
  }

  /** Runs a call with the session; once more with a new one where the server does not know this one any more. */
  async run<T>(call: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.current();
    try {
      return await call(session);
    } catch (problem) {
      if (!isCode(problem, "unauthorized")) throw problem;
      return call(await this.renewed(session));
    }
  }

  forget(session: Session): void {
    if (this.kept?.token !== session.token) return;
    this.kept = undefined;
    attempt(() => this.wx.removeStorageSync(this.key));
  }

  private async logIn(): Promise<Session> {
    const { code } = await promised<{ code: string }>((callbacks) => this.wx.login(callbacks)).catch((error: WxError) =>
      Promise.reject(loginFailed(error)),
    );
    const { expires_in, ...user } = await this.gateway.post("/login", { code });
    this.kept = { ...user, expires_at: Date.now() + expires_in * 1000 };
    attempt(() => this.wx.setStorageSync(this.key, this.kept));
    return this.kept;
  }

  /** What storage has, if it is a session: an earlier release may have left something else. */
  private read(): Session | undefined {
    const kept = attempt(() => this.wx.getStorageSync(this.key)) as Partial<Session> | undefined;
    const isSession = typeof kept?.token === "string" && typeof kept.openid === "string" && typeof kept.expires_at === "number";
    return isSession ? (kept as Session) : undefined;
  }
}

export function isCode(problem: unknown, code: string): boolean {
  return (problem as { code?: unknown } | undefined)?.code === code;
}

/** Storage may be full or broken. Then the session lasts as long as the program runs, which is no reason to fail. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
