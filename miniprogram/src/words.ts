// The contract's words that the client speaks, under their own names.

import type { components } from "./contract";

type Schemas = components["schemas"];

export type Accepted = Schemas["Accepted"];
export type BatchStatus = Schemas["BatchStatus"];
export type Credited = Schemas["Credited"];
export type LoggedIn = Schemas["LoggedIn"];
export type LoggedOut = Schemas["LoggedOut"];
export type Logout = Schemas["Logout"];
export type MessageState = Schemas["MessageState"];
export type MessageStatus = Schemas["MessageStatus"];
export type Opened = Schemas["Opened"];
export type Problem = Schemas["Problem"];
export type Reason = Schemas["Reason"];
export type Rejected = Schemas["Rejected"];
export type Sealed = Schemas["Sealed"];

/** What fills a notification. */
export type Data = Schemas["To"]["data"];

/** What a mini-program user may send: to openids of the mini-program, and to the catalog's page. */
export type Message = Omit<Schemas["SendRequest"], "page" | "to"> & { to: { openid: string; data?: Data }[] };
