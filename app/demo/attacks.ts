import type { Action } from "../../schemas/action.ts";
import { abroad, homeOf, laptopOf } from "./company.ts";
import { passwordOf } from "./setting.ts";
import type { Play, Stage } from "./stage.ts";
import { count } from "./teller.ts";

const GUESSES = 10_000;
const ATTACKER = "192.0.2.66";

/** Milliseconds from the event to the effect as read back. */
export const heldAfter = (action: Action): number =>
  Date.parse(action["lease.started"] ?? "") - Date.parse(action["@timestamp"]);

/** The verified effect on a target; without one an error that says what became of it instead. */
export async function effectOn(
  stage: Stage,
  type: Action["action.type"],
  target: string,
): Promise<Action> {
  const about = (action: Action): boolean =>
    action["action.type"] === type && action["target.id"] === target;
  const found = await stage.action(
    (action) => about(action) && action["action.status"] === "confirmed",
  );
  if (found !== undefined) return found;
  const instead = (await stage.actions(about)).map(
    (action) => `${action["action.status"]}: ${action["guard.reason"] ?? action["action.outcome"]}`,
  );
  throw new Error(
    `no verified ${type} of ${target} (${instead.join("; ") || "none was called for"})`,
  );
}

/** The actions about some targets, as an analyst would ask for them. */
export const actionsSql = (targets: readonly string[]): string =>
  "SELECT `action.type`, `target.id`, `action.status`, dateDiff('millisecond', ts, `lease.started`) AS ms, `action.outcome` " +
  `FROM actions WHERE \`target.id\` IN (${targets.map((id) => `'${id}'`).join(", ")}) AND \`action.status\` NOT IN ('planned', 'suppressed') ORDER BY \`updated.at\``;

const anomaliesSql = (targets: readonly string[]): string =>
  "SELECT `detector.name`, `entity.id`, `anomaly.severity` AS severity, message " +
  `FROM anomalies WHERE \`entity.id\` IN (${targets.map((id) => `'${id}'`).join(", ")}) ORDER BY ts, \`detector.name\``;

/** A stolen password from a new country and an unknown device. */
export const stolenPassword: Play = async (stage, { check }) => {
  const { teller, setting } = stage;
  const { identity } = setting;
  const person = setting.company.cast.robbed;
  const device = "DESKTOP-7Q2";
  const own = await stage.signIn({ person, from: { ...homeOf(person), ...laptopOf(person) } });
  teller.event(`${person.name} signs in from Berlin on ${person.laptop}, as every day.`);
  const from = { ...abroad("São Paulo", "185.77.12.9", 50_112), "device.id": device };
  const thief = await stage.signIn({ person, from });
  teller.event(
    `Somebody signs in as ${person.name} from São Paulo on ${device}, with the right password.`,
  );
  check("the thief was let in: nothing was wrong with the password", thief.result.ok);

  const lock = await effectOn(stage, "lock_account", person.name);
  const ms = heldAfter(lock);
  teller.event(`${person.name} is locked: ${lock["action.outcome"] ?? ""}.`);
  check(`locked and read back ${count(ms)} ms after the event`, ms < 10_000);
  const again = identity.login(person.name, { password: passwordOf(person.name), device });
  check(
    "the identity server refuses the next login: account_disabled",
    !again.ok && again.reason === "account_disabled",
  );
  const sessions = [own.result, thief.result].map((one) => (one.ok ? one.session : ""));
  check("both sessions are gone", !sessions.some((id) => identity.sessionActive(id)));
  await effectOn(stage, "block_device", device);
  check(`${device} is blocked too`, identity.deviceActive(device) === false);

  const shown = await stage.show(
    anomaliesSql([person.name, device]),
    (rows) => rows.filter(isDetector("impossible-travel", "unapproved-device")).length >= 2,
  );
  for (const name of ["impossible-travel", "unapproved-device"]) {
    check(`${name} is part of the evidence`, shown.some(isDetector(name)));
  }
  await showActions(stage, [person.name, device]);
  return `${person.name} locked and read back ${count(ms)} ms after the event, sessions ended`;
};

const isDetector =
  (...names: readonly string[]) =>
  (row: Readonly<Record<string, unknown>>): boolean =>
    names.includes(String(row["detector.name"]));

/** The rows once every confirmed effect about the targets is among them. */
async function showActions(stage: Stage, targets: readonly string[]): Promise<void> {
  const known = await stage.actions(
    (action) => targets.includes(action["target.id"]) && action["action.status"] === "confirmed",
  );
  await stage.show(
    actionsSql(targets),
    (rows) => rows.filter((row) => row["action.status"] === "confirmed").length >= known.length,
  );
}

/** Somebody tries to have a colleague locked out by failing in his name. */
export const flood: Play = async (stage, { check }) => {
  const { teller, setting } = stage;
  const { identity } = setting;
  const person = setting.company.cast.flooded;
  const from = {
    ...abroad("New York", ATTACKER, 50_555),
    "user_agent.original": "python-requests/2",
  };
  teller.event(`${ATTACKER} begins to guess the password of ${person.name}.`);
  const began = Date.now();
  const half = await stage.guess({ person, from }, GUESSES / 2);
  const own = { person, from: { ...homeOf(person), ...laptopOf(person) } };
  const between = await stage.signIn(own);
  const accepted = half + (await stage.guess({ person, from }, GUESSES / 2));
  const seconds = (Date.now() - began) / 1000;
  teller.event(
    `${count(GUESSES)} failures were sent in ${seconds.toFixed(1)} s; ${person.name} signed in meanwhile.`,
  );
  check(`all ${count(GUESSES)} records were taken`, accepted === GUESSES);
  check(`${person.name} signed in in the middle of it`, between.result.ok);
  await stage.judged();

  const held = await stage.action(
    (action) =>
      action["action.type"] === "lock_account" &&
      action["target.id"] === person.name &&
      action["action.status"] === "suppressed" &&
      action["guard.name"] === "corroboration",
  );
  check(`a guard held the lock back: ${held?.["guard.name"] ?? "none"}`, held !== undefined);
  if (held !== undefined) teller.line(`        "${held["guard.reason"]}"`);
  const shown = await stage.show(anomaliesSql([person.name]), (rows) =>
    rows.some(isDetector("login-burst")),
  );
  check("login-burst saw it", shown.some(isDetector("login-burst")));
  const [row] = await stage.show(
    `SELECT count() AS failures, uniqExact(\`user.entity.id\`) AS victims FROM events WHERE \`source.ip\` = '${ATTACKER}' AND \`event.outcome\` = 'failure'`,
    ([found]) => Number(found?.["failures"]) >= GUESSES,
  );
  check(`${count(GUESSES)} failures are in ClickHouse`, Number(row?.["failures"]) === GUESSES);
  await stage.show(
    `SELECT \`action.type\`, \`action.status\`, \`guard.name\`, \`guard.reason\` FROM actions WHERE \`target.id\` = '${person.name}'`,
  );
  const after = await stage.signIn(own);
  check(`${person.name} is not locked and signs in again`, after.result.ok);
  check("no lock was started", (await locksOf(stage, person.name)).length === 0);
  check("the account is active at the identity server", identity.userActive(person.name) === true);
  return `${count(GUESSES)} failures seen, ${person.name} not locked (guard: ${held?.["guard.name"] ?? "none"})`;
};

/** Locks that were not merely thought of. */
export const locksOf = (stage: Stage, name: string): Promise<readonly Action[]> =>
  stage.actions(
    (action) =>
      action["target.id"] === name &&
      action["action.type"] === "lock_account" &&
      action["action.status"] !== "suppressed",
  );

/** Somebody of the house signs in from his own computer. */
export const unapprovedDevice: Play = async (stage, { check }) => {
  const { teller, setting } = stage;
  const { identity } = setting;
  const person = setting.company.cast.careless;
  const device = "GAMING-PC";
  const from = { ...homeOf(person), "device.id": device, "device.managed": false };
  const signedIn = await stage.signIn({ person, from });
  teller.event(
    `${person.name} signs in from home on ${device}, which nobody approved, with the right password.`,
  );
  check("the password was right", signedIn.result.ok);
  const block = await effectOn(stage, "block_device", device);
  const ms = heldAfter(block);
  teller.event(`${device} is blocked: ${block["action.outcome"] ?? ""}.`);
  check(`blocked and read back ${count(ms)} ms after the event`, ms < 10_000);
  check("the identity server says the device is inactive", identity.deviceActive(device) === false);
  const session = signedIn.result.ok ? signedIn.result.session : "";
  check("its session is gone", !identity.sessionActive(session));
  const again = identity.login(person.name, { password: passwordOf(person.name), device });
  check("the device is refused: device_blocked", !again.ok && again.reason === "device_blocked");
  const own = await stage.signIn({ person, from: { ...homeOf(person), ...laptopOf(person) } });
  check(`${person.name} goes on working on ${person.laptop}`, own.result.ok);
  await showActions(stage, [device]);
  return `${device} blocked and read back ${count(ms)} ms after the event, ${person.name} goes on working`;
};
