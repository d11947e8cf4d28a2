import { PassThrough } from "node:stream";
import { actions } from "../commands/actions.ts";
import { actionsSql, effectOn, heldAfter } from "./attacks.ts";
import { abroad, laptopOf } from "./company.ts";
import { passwordOf, QUIET_SECONDS } from "./setting.ts";
import type { Play, Stage } from "./stage.ts";
import { count } from "./teller.ts";
import { originOf } from "../../bench/organisation.ts";

/** How a command is typed on this machine, so that a reader can copy it. */
export const typed = (stage: Pick<Stage, "setting">, words: string): string =>
  `METSUKE_CONFIG=${stage.setting.configFile} npm run -s metsuke -- ${words}`;

/**
 * A colleague on a trip: her phone still leaves through its carrier at home, and the laptop is
 * borrowed. All evidence speaks against her, and she is who she says she is.
 */
export const wrongLock: Play = async (stage, { check }) => {
  const { teller, setting } = stage;
  const { identity } = setting;
  const person = setting.company.cast.travelling;
  const device = "LOAN-LAPTOP";
  const phone = {
    ...originOf({ ip: "100.9.9.7", as: person.site.mobileAs, site: person.site }),
    "device.id": person.phone,
    "device.managed": true,
  };
  await stage.signIn({ person, from: phone });
  teller.event(`The phone of ${person.name} fetches mail, through its carrier at home in Berlin.`);
  const from = { ...abroad("Tokyo", "203.0.113.140", 50_333), "device.id": device };
  await stage.signIn({ person, from });
  teller.event(`${person.name}, on a trip, signs in from a hotel in Tokyo on a borrowed laptop.`);
  const lock = await effectOn(stage, "lock_account", person.name);
  const block = await effectOn(stage, "block_device", device);
  check(
    `locked after ${count(heldAfter(lock))} ms, wrongly`,
    identity.userActive(person.name) === false,
  );

  const command = typed(stage, `actions undo --incident ${lock["incident.id"]}`);
  teller.event("She calls, and an operator types:");
  teller.line(`  $ ${command}`);
  const asked = Date.now();
  for (const line of await runUndo(stage, lock["incident.id"])) teller.line(`  ${line}`);
  teller.line(
    `  (An undo waits until nothing of the lock can be under way: ${QUIET_SECONDS} s after it here, 18 s by default.)`,
  );
  const ids = new Set([lock["action.id"], block["action.id"]]);
  const undone = await stage.until(async () => {
    const now = await stage.actions((action) => ids.has(action["action.id"]));
    return now.every((action) => action["action.status"] === "reverted");
  });
  const ms = Date.now() - asked;
  const now = await stage.actions((action) => ids.has(action["action.id"]));
  for (const action of now)
    teller.event(`${action["action.type"]}: ${action["action.outcome"] ?? ""}.`);
  check(`undone and read back ${count(ms)} ms after the command`, undone);
  check("the account is active again", identity.userActive(person.name) === true);
  check("the device is active again", identity.deviceActive(device) === true);

  const back = await stage.signIn({ person, from });
  check(`${person.name} signs in from Tokyo again`, back.result.ok);
  await stage.judged();
  await stage.signIn({ person, from });
  await stage.judged();
  await stage.show(actionsSql([person.name, device]), (rows) =>
    rows.every((row) => row["action.status"] === "reverted"),
  );
  const still = identity.login(person.name, { password: passwordOf(person.name), device });
  check("the same evidence does not lock her again", still.ok);
  return `wrong lock of ${person.name} undone and read back ${count(ms)} ms after one command`;
};

/** The very command, through the socket of the running instance. */
async function runUndo(stage: Stage, incident: string): Promise<readonly string[]> {
  const out = new PassThrough();
  const said: string[] = [];
  out.on("data", (chunk: Buffer) => said.push(chunk.toString("utf8")));
  const code = await actions.run({ incident, config: stage.setting.configFile }, ["undo"], {
    out,
    err: out,
    in: stage.streams.in,
  });
  if (code !== 0) throw new Error(`actions undo ended with ${code}`);
  return said.join("").trimEnd().split("\n");
}

/** In the end exactly those are locked who should be. */
export const afterwards: Play = async (stage, { check }) => {
  const { company, identity } = stage.setting;
  const { robbed } = company.cast;
  const locked = company.people.filter(({ name }) => identity.userActive(name) === false);
  check(
    `of ${company.people.length} accounts only ${robbed.name} is locked`,
    locked.length === 1 && locked[0] === robbed,
  );
  const refused = company.people.filter((person) => {
    if (person === robbed || person.service) return false;
    const device = laptopOf(person)["device.id"] ?? "";
    return !identity.login(person.name, { password: passwordOf(person.name), device }).ok;
  });
  check("everybody else signs in on the own laptop", refused.length === 0);
  return `${locked.length} of ${company.people.length} accounts locked, and that is the stolen one`;
};
