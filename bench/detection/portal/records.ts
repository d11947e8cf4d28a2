import type { Fields, Page } from "../stage/drafts.ts";
import type { Member } from "./staff.ts";

interface Kind {
  readonly action: string;
  readonly category: string[];
  readonly type: string[];
}

const kinds = {
  logon: { action: "logon", category: ["authentication"], type: ["start"] },
  unlock: { action: "unlock", category: ["authentication"], type: ["start"] },
  logoff: { action: "logoff", category: ["authentication"], type: ["end"] },
  sign_in: { action: "sign_in", category: ["authentication"], type: ["start"] },
  mfa_prompt: { action: "mfa_prompt", category: ["authentication"], type: ["info"] },
  session_use: { action: "session_use", category: ["session"], type: ["info"] },
  device_connect: { action: "device_connect", category: ["host"], type: ["info"] },
  device_disconnect: { action: "device_disconnect", category: ["host"], type: ["info"] },
} as const satisfies Record<string, { action: string; category: string[]; type: string[] }>;

function fieldsOf(member: Member, dataset: string, kind: Kind): Fields {
  return {
    "@timestamp": "",
    "event.id": "",
    "event.ingested": "",
    "event.kind": "event",
    "event.dataset": dataset,
    "event.category": kind.category,
    "event.type": kind.type,
    "event.action": kind.action,
    "organization.id": "agency",
    "sender.authenticated": true,
    "user.name": member.name,
    "user.entity.id": member.name,
    "user.entity.type": "user",
    "user.group.name": member.team,
  };
}

/** At a machine: the endpoint's own word, which is why machine and device are the same. */
export function atMachine(
  page: Page,
  at: number,
  of: {
    readonly member: Member;
    readonly kind: "logon" | "unlock" | "logoff" | "device_connect" | "device_disconnect";
    readonly pc: string;
    readonly failed?: boolean;
  },
): void {
  const fields = fieldsOf(of.member, "endpoint", kinds[of.kind]);
  fields["event.outcome"] = of.failed === true ? "failure" : "success";
  if (of.failed === true) fields["event.reason"] = "bad_password";
  fields["host.name"] = of.pc;
  fields["device.id"] = of.pc;
  page.put(at, fields);
}

export interface Visit {
  readonly member: Member;
  readonly kind: "sign_in" | "mfa_prompt" | "session_use";
  readonly place: Fields;
  readonly agent: string;
  readonly session: string;
  readonly service: string;
  /** Where the visitor's browser says which machine it is on. */
  readonly device?: string | undefined;
  readonly mfa?: boolean;
  readonly refused?: string;
}

/** At the portal, over the network. */
export function atPortal(page: Page, at: number, of: Visit): void {
  const fields = fieldsOf(of.member, "portal", kinds[of.kind]);
  const { place, refused } = of;
  fields["event.outcome"] = refused === undefined ? "success" : "failure";
  if (refused !== undefined) fields["event.reason"] = refused;
  fields["source.ip"] = place["source.ip"] as string;
  fields["source.geo.country_iso_code"] = place["source.geo.country_iso_code"] as string;
  const as = place["source.as.number"];
  if (as !== undefined) fields["source.as.number"] = as;
  fields["service.name"] = of.service;
  if (of.session !== "") fields["session.id"] = of.session;
  fields["user_agent.original"] = of.agent;
  if (of.device !== undefined) fields["device.id"] = of.device;
  if (of.kind === "sign_in" && of.mfa === true) fields["auth.mfa"] = true;
  page.put(at, fields);
}
