import { aimsAtAccount, type Candidate, type Guard } from "./guard.ts";
import { carries } from "./maturity.ts";

/**
 * Anybody can fail to log in under another's name. An account is acted upon only by a detector that
 * counts (certain, or calibrated and ripe) with a second family of evidence, one of them holding a
 * success; a device by one certain detector. What an ended lease rested on does not count as that
 * detector again: else a few more failures would bring an undone lock back.
 */
export const corroboration: Guard = {
  name: "corroboration",
  check(candidate) {
    if (candidate.type === "block_device") return deviceReason(candidate);
    return aimsAtAccount(candidate.type) ? accountReason(candidate) : undefined;
  },
};

function deviceReason({ target, fresh }: Candidate): string | undefined {
  return fresh.some((anomaly) => anomaly["anomaly.certain"])
    ? undefined
    : `A device is blocked only by a certain detector; none of the ${plural(fresh.length, "new finding")} about ${target.id} is certain.`;
}

function accountReason({
  target,
  evidence,
  fresh,
  families,
  params,
}: Candidate): string | undefined {
  const seen = families.join(", ") || "none";
  if (families.every((family) => family === "failures")) {
    return `Failed logins alone never act on their victim: the evidence against ${target.id} is ${plural(evidence.length, "finding")} of family ${seen}, and no second family.`;
  }
  if (families.length < 2) {
    return `One family of evidence (${seen}) is not enough to act on ${target.id}; a second one is needed.`;
  }
  if (!evidence.some((anomaly) => anomaly["evidence.success"])) {
    return `None of the ${plural(evidence.length, "finding")} about ${target.id} (${seen}) contains a success.`;
  }
  return fresh.some((anomaly) => carries(anomaly, params))
    ? undefined
    : `None of the ${plural(fresh.length, "new finding")} about ${target.id} (${seen}) is certain or comes from a ripe baseline.`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
