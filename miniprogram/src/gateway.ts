// The HTTP API: each route with the body and the answer that the contract gives it.

import type { paths } from "./contract";
import { networkFailed, Problem, type ProblemCode } from "./problem";
import { promised, type HttpAnswer, type HttpRequest, type Wx, type WxError } from "./wx";

type Json<T> = { content: { "application/json": T } };
type RoutesOf<M extends "get" | "post"> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths];
type Body<P extends RoutesOf<"post">> = paths[P]["post"] extends { requestBody?: Json<infer B> } ? B : never;
// 202 first: POST /send answers 200 to dry runs alone, which are for service keys.
type Answer<R> = R extends { 202: Json<infer A> } ? A : R extends { 200: Json<infer A> } ? A : never;
type Answered<P extends keyof paths, M extends "get" | "post"> = paths[P][M] extends { responses: infer R } ? Answer<R> : never;

/** API Gateway gives up after 30 s itself; what is slower than that brings no answer any more. */
const TIMEOUT_MS = 30_000;

/** What a call has beside its route and body. */
export interface With {
  token?: string;
  idempotencyKey?: string;
}

export class Gateway {
  private readonly wx: Wx;
  private readonly baseUrl: string;

  constructor(wx: Wx, baseUrl: string) {
    this.wx = wx;
    this.baseUrl = baseUrl;
  }

  /** @throws {Problem} */
  async post<P extends RoutesOf<"post">>(path: P, body: Body<P>, extra: With = {}): Promise<Answered<P, "post">> {
    const answer = await this.call({ method: "POST", path, extra, data: JSON.stringify(body) });
    return answer as Answered<P, "post">;
  }

  /** `path` is the route with its places filled. @throws {Problem} */
  async get<P extends RoutesOf<"get">>(_route: P, path: string, extra: With): Promise<Answered<P, "get">> {
    const answer = await this.call({ method: "GET", path, extra });
    return answer as Answered<P, "get">;
  }

  private async call({ method, path, extra, data }: { method: "GET" | "POST"; path: string; extra: With; data?: string }) {
    const writes = method === "POST";
    const request: HttpRequest = { url: this.baseUrl + path, method, header: headers(extra), data, timeout: TIMEOUT_MS };
    const answer = await promised<HttpAnswer>((callbacks) => this.wx.request({ ...request, ...callbacks })).catch(
      (error: WxError) => Promise.reject(networkFailed(error, writes)),
    );
    if (isObject(answer.data) && answer.statusCode >= 200 && answer.statusCode < 300) return answer.data;
    throw told(answer, writes);
  }
}

function headers({ token, idempotencyKey }: With): Record<string, string> {
  const header: Record<string, string> = { "content-type": "application/json" };
  if (token) header["authorization"] = `Bearer ${token}`;
  if (idempotencyKey) header["idempotency-key"] = idempotencyKey;
  return header;
}

/** What API Gateway's own answers mean; they have a `message` and no code. */
const GATEWAY_CODES: Record<number, ProblemCode> = {
  400: "invalid_request",
  403: "forbidden",
  404: "not_found",
  413: "too_large",
  429: "too_many_requests",
  500: "internal",
  503: "unavailable",
  504: "unavailable",
};
/** The problem that an answer tells, or is. */
function told({ statusCode: status, data }: HttpAnswer, writes: boolean): Problem {
  const answer = isObject(data) ? data : {};
  // The work may be done, or half of it, whoever answers so.
  const mayHaveTakenEffect = writes && status >= 500;
  if (typeof answer.code === "string" && typeof answer.detail === "string") {
    const { code, detail, errcode, rid } = answer as { code: ProblemCode; detail: string; errcode?: number; rid?: string };
    return new Problem({ code, detail, errcode, rid, status, mayHaveTakenEffect });
  }
  const code = GATEWAY_CODES[status];
  if (code && typeof answer.message === "string") {
    return new Problem({ code, status, mayHaveTakenEffect, detail: `The gateway answered for the service: ${answer.message}.` });
  }
  return new Problem({
    code: "unreadable_answer",
    status,
    mayHaveTakenEffect,
    detail: "What answered is not Queqiao.",
    remedy: "Check `baseUrl`; the Wi-Fi of a hotel or an office may answer in its place, too.",
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
