/** What the ids of the Security channel mean, in ECS words. Source: Microsoft's audit event reference. */
export interface EventKind {
  readonly category: readonly string[];
  readonly type: readonly string[];
  readonly action: string;
  /** Whose deed it is: the account signed in to (`Target`), or the one that acts (`Subject`). */
  readonly user: "Target" | "Subject";
  readonly outcome?: "success" | "failure";
}

const logon = (action: string, outcome?: "success" | "failure"): EventKind => ({
  category: ["authentication"],
  type: ["start"],
  action,
  user: "Target",
  ...(outcome === undefined ? {} : { outcome }),
});

const logoff: EventKind = {
  category: ["authentication"],
  type: ["end"],
  action: "logged-out",
  user: "Target",
  outcome: "success",
};

const session = (type: string, action: string): EventKind => ({
  category: ["session"],
  type: [type],
  action,
  user: "Subject",
});

const account = (type: string, action: string): EventKind => ({
  category: ["iam"],
  type: ["user", type],
  action,
  user: "Subject",
});

const group = (action: string): EventKind => ({
  category: ["iam"],
  type: ["group", "change"],
  action,
  user: "Subject",
});

export const eventKinds: ReadonlyMap<string, EventKind> = new Map([
  ["4624", logon("logged-in", "success")],
  ["4625", logon("logon-failed", "failure")],
  ["4634", logoff],
  ["4647", logoff],
  ["4648", { ...logon("logged-in-explicit"), user: "Subject" }],
  ["4672", { ...account("info", "logged-in-special"), type: ["admin"] }],
  ["4688", { category: ["process"], type: ["start"], action: "created-process", user: "Subject" }],
  ["4689", { category: ["process"], type: ["end"], action: "exited-process", user: "Subject" }],
  ["4720", account("creation", "added-user-account")],
  ["4722", account("change", "enabled-user-account")],
  ["4724", account("change", "reset-password")],
  ["4725", account("change", "disabled-user-account")],
  ["4723", account("change", "changed-password")],
  ["4726", account("deletion", "deleted-user-account")],
  ["4738", account("change", "modified-user-account")],
  ["4740", account("change", "locked-out-user-account")],
  ["4741", account("creation", "added-computer-account")],
  ["4742", account("change", "changed-computer-account")],
  ["4743", account("deletion", "deleted-computer-account")],
  ["4781", account("change", "renamed-user-account")],
  ["4767", account("change", "unlocked-user-account")],
  ["4728", group("added-member-to-group")],
  ["4729", group("removed-member-from-group")],
  ["4732", group("added-member-to-group")],
  ["4733", group("removed-member-from-group")],
  ["4756", group("added-member-to-group")],
  ["4757", group("removed-member-from-group")],
  ["4778", session("start", "session-reconnected")],
  ["4779", session("end", "session-disconnected")],
  ["4768", logon("kerberos-authentication-ticket-requested")],
  ["4769", logon("kerberos-service-ticket-requested")],
  ["4771", logon("kerberos-preauth-failed", "failure")],
  ["4776", logon("credential-validated")],
]);

/** Logon types (Microsoft: audit logon events). */
export const logonTypes: ReadonlyMap<string, string> = new Map([
  ["0", "system"],
  ["2", "interactive"],
  ["3", "network"],
  ["4", "batch"],
  ["5", "service"],
  ["7", "unlock"],
  ["8", "network_cleartext"],
  ["9", "new_credentials"],
  ["10", "remote_interactive"],
  ["11", "cached_interactive"],
  ["12", "cached_remote_interactive"],
  ["13", "cached_unlock"],
]);

/** NTSTATUS of a failed logon, and Kerberos results of 4768 and 4771, in lower case. */
export const statusReasons: ReadonlyMap<string, string> = new Map([
  ["0xc0000064", "user_not_found"],
  ["0xc000006a", "bad_password"],
  ["0xc000006d", "bad_credentials"],
  ["0xc000006e", "account_restriction"],
  ["0xc000006f", "outside_hours"],
  ["0xc0000070", "workstation_not_allowed"],
  ["0xc0000071", "password_expired"],
  ["0xc0000072", "account_disabled"],
  ["0xc00000dc", "server_state"],
  ["0xc0000133", "clock_skew"],
  ["0xc000015b", "logon_type_not_granted"],
  ["0xc000018c", "trust_failed"],
  ["0xc0000192", "netlogon_not_started"],
  ["0xc0000193", "account_expired"],
  ["0xc0000224", "password_must_change"],
  ["0xc0000234", "account_locked"],
  ["0xc0000413", "authentication_firewall"],
  ["0x6", "user_not_found"],
  ["0x12", "account_disabled"],
  ["0x17", "password_expired"],
  ["0x18", "bad_password"],
  ["0x25", "clock_skew"],
]);
