// What the client needs of WeChat's global `wx`; the real one is such a thing, and so is a test's.

export interface Wx {
  login(options: { timeout?: number } & Callbacks<{ code: string }>): unknown;
  request(options: HttpRequest & Callbacks<HttpAnswer>): unknown;
  requestSubscribeMessage(options: { tmplIds: string[] } & Callbacks<object>): unknown;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: unknown): void;
  removeStorageSync(key: string): void;
}

export interface HttpRequest {
  url: string;
  method: "GET" | "POST";
  header: Record<string, string>;
  data?: string;
  timeout: number;
}

export interface HttpAnswer {
  statusCode: number;
  /** Parsed where it is JSON, a text where it is not. */
  data: unknown;
}

/** What `fail` gets: `errCode` where a page of WeChat's lists it, the newer `errno` elsewhere. */
export interface WxError {
  errMsg: string;
  errCode?: number;
  errno?: number;
}

interface Callbacks<T> {
  success(result: T): void;
  fail(error: WxError): void;
}

/**
 * Promises by hand: `wx.request` has none of its own, and the others only by newer base libraries.
 *
 * @throws {WxError}
 */
export async function promised<T>(call: (callbacks: Callbacks<T>) => unknown): Promise<T> {
  try {
    return await new Promise((resolve, reject) => call({ success: resolve, fail: reject }));
  } catch (error) {
    // An older base library may not have the API at all.
    throw typeof (error as WxError).errMsg === "string" ? error : { errMsg: String(error) };
  }
}
