import { contains, type Guard } from "./guard.ts";

/** A time far from the arrival may be chosen to rewrite the past or to hide: it is shown, it never acts. */
export const lateEvidence: Guard = {
  name: "late-evidence",
  check: ({ type, decisive }) =>
    contains(type) && decisive["anomaly.late"]
      ? `The deciding event came late or is dated ahead of its arrival (taken as of ${decisive["@timestamp"]}), and such events never act.`
      : undefined,
};
