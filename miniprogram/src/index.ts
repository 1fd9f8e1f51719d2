// Queqiao's client for WeChat mini-programs.

export { Problem, type ProblemCode } from "./problem";
export { createQueqiao, type Options, type Queqiao, type Subscribed, type User } from "./queqiao";
export type {
  Accepted,
  BatchStatus,
  Data,
  LoggedOut,
  Message,
  MessageState,
  MessageStatus,
  Opened,
  Reason,
  Rejected,
  Sealed,
} from "./words";
export type { Wx } from "./wx";
