import type { Look } from "./feature.ts";

/** Whether the event's address has lately failed on many accounts, by the table of `login-burst`. */
export const isSpraying = ({ event, context, spraying }: Look): boolean =>
  spraying ?? context.shared("login.spraying").get(event["source.ip"] ?? "") >= 500;
