import { contains, type Guard } from "./guard.ts";

/** What arrives behind the watermark may be chosen to rewrite the past: it is shown, it never acts. */
export const lateEvidence: Guard = {
  name: "late-evidence",
  check: ({ type, decisive }) =>
    contains(type) && decisive["anomaly.late"]
      ? `The deciding event arrived late (it says ${decisive["@timestamp"]}), and late events never act.`
      : undefined,
};
