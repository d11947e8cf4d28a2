import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../../platform/errors.ts";
import { onTermination } from "../../platform/lifecycle.ts";
import { createLogger } from "../../platform/logger.ts";
import { type Command, type Streams, usageError } from "../command.ts";
import { flood, stolenPassword, unapprovedDevice } from "../demo/attacks.ts";
import { PEOPLE } from "../demo/company.ts";
import { fiveWeeks } from "../demo/history.ts";
import { LOG_FILE, openSetting, type Setting } from "../demo/setting.ts";
import { createStage, type Play, type Stage, tell } from "../demo/stage.ts";
import { createTeller, type Teller, type Told } from "../demo/teller.ts";
import { afterwards, typed, wrongLock } from "../demo/undo.ts";

/** The story, step by step. */
const steps: readonly { readonly title: string; readonly play: Play }[] = [
  { title: "Five weeks pass", play: fiveWeeks },
  { title: "A stolen password, from a new country and device", play: stolenPassword },
  { title: "10 000 failures thrown at a colleague", play: flood },
  { title: "An unapproved device", play: unapprovedDevice },
  { title: "A wrong lock, undone with one command", play: wrongLock },
  { title: "Afterwards", play: afterwards },
];

export const demo: Command = {
  name: "demo",
  summary: "a small company lives five weeks in a minute, is attacked, and is defended",
  usage: ["demo [--exit]"],
  options: { exit: { type: "boolean" } },
  help: { exit: "end when the story is told; 0 only if every step held" },
  async run(values, positionals, streams) {
    if (positionals.length > 0) throw usageError("demo takes no argument");
    let fail: (error: unknown) => void = () => {};
    const broken = new Promise<never>((_, reject) => {
      fail = reject;
    });
    broken.catch(() => undefined);
    streams.out.write(
      `Metsuke demo: a company of ${PEOPLE}, its five weeks, four attacks. Starting ...\n`,
    );
    const teller = createTeller(streams);
    const opening = openSetting(fail);
    const ended = onTermination(createLogger({ level: "warn" }), async () => {
      teller.mute();
      const opened = await opening.catch(() => undefined);
      await opened?.close();
    });
    const setting = await opening;
    try {
      const held = await Promise.race([perform(setting, teller, streams), broken, ended]);
      if (typeof held === "number") return held;
      if (values["exit"] === true) return held ? 0 : 1;
      invite(setting, streams);
      return await Promise.race([ended, broken]);
    } catch (error) {
      streams.err.write(`The demo cannot go on: ${errorText(error)}\n`);
      return 1;
    } finally {
      await setting.close();
    }
  },
};

/** Tells the story; true when every step of it held. */
async function perform(setting: Setting, teller: Teller, streams: Streams): Promise<boolean> {
  const began = Date.now();
  const stage = createStage(setting, teller, streams);
  introduce(stage);
  const told = await play(stage);
  const good = told.filter(({ checks }) => checks.length > 0 && checks.every((one) => one.held));
  teller.summary(told);
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  teller.line("");
  teller.line(`${good.length} of ${told.length} steps held, ${seconds} s in all.`);
  if (good.length === told.length) return true;
  teller.line("The last that the parts had to say:");
  const log = readFileSync(join(setting.folder, LOG_FILE), "utf8").trimEnd().split("\n");
  for (const entry of log.slice(-20)) teller.line(`  ${entry}`);
  return false;
}

function introduce({ setting, teller }: Stage): void {
  teller.line(`events by HTTP   ${setting.events.url}`);
  teller.line(`ClickHouse SQL   ${setting.queryUrl}`);
  teller.line(`identity system  ${setting.identity.url}`);
  teller.line(`data             ${setting.folder}`);
}

async function play(stage: Stage): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const [number, step] of steps.entries()) {
    if (number > 0) await passMidnight(stage);
    told.push(await tell(stage, { number, ...step }));
  }
  return told;
}

const DAY = 86_400_000;
const STEP_MS = 30_000;

/** Findings are told once per UTC day: a step that began in one and ended in the next would tell twice. */
async function passMidnight({ teller }: Stage): Promise<void> {
  const left = DAY - (Date.now() % DAY);
  if (left > STEP_MS) return;
  teller.line(`(${Math.ceil(left / 1000)} s to midnight UTC: waiting for the new day)`);
  await delay(left + 100);
}

function invite(setting: Setting, { out }: Streams): void {
  const { queryUrl, events } = setting;
  const lines = [
    "",
    "It stays up until Ctrl-C. Ask it something:",
    `  ${typed({ setting }, 'query "SELECT \\`detector.name\\`, count() FROM anomalies GROUP BY 1"')}`,
    `  ${typed({ setting }, "actions list")}`,
    `  curl '${queryUrl}/?user=reader' --data-binary 'SELECT message FROM incidents FORMAT TSV'`,
    "Send it something:",
    `  curl '${events.url}' -H "Authorization: Bearer $(cat ${events.tokenFile})" --data-binary '{"event.action":"sign_in","event.outcome":"success","user.name":"you"}'`,
    "",
  ];
  out.write(`${lines.join("\n")}\n`);
}
