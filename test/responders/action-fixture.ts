import type { Action, ActionType } from "../../schemas/action.ts";

/** An action as a worker gets it; `type` and `account` matter to a responder. */
export const actionOf = (
  type: ActionType,
  account: string,
  more: Partial<Action> = {},
): Action => ({
  "action.id": "0f3c5d6a7b8c9d0e1f2a3b4c5d6e7f80",
  "action.revision": 3,
  "organization.id": "default",
  "@timestamp": "2026-11-24T08:00:00.000Z",
  "action.type": type,
  "action.status": "attempting",
  "action.step": "apply",
  "action.attempt": 1,
  "action.deadline": "2026-11-24T08:00:30.000Z",
  "responder.name": "test",
  "target.type": type === "block_device" ? "device" : "user",
  "target.id": account,
  "target.account": account,
  "incident.id": "incident-1",
  "anomaly.ids": ["anomaly-1"],
  "detector.name": "impossible-travel",
  "policy.line": "default.1",
  "lease.seconds": 3_600,
  "event.ids": ["event-1"],
  "updated.at": "2026-11-24T08:00:01.000Z",
  message: `Act on ${account}.`,
  ...more,
});
