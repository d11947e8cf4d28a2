import { contains, type Guard } from "./guard.ts";

/** While an operator has stopped everything nothing new is contained; undos go on. */
export const globalStop: Guard = {
  name: "global-stop",
  check: ({ stopped, type }) =>
    stopped && contains(type)
      ? "The global stop is set: no account is locked and no device blocked until an operator resumes."
      : undefined,
};
