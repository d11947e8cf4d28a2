import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../../platform/errors.ts";
import { onTermination } from "../../platform/lifecycle.ts";
import type { Command, Streams } from "../command.ts";
import { flood, stolenPassword, unapprovedDevice } from "../demo/attacks.ts";
import { PEOPLE } from "../demo/company.ts";
import { fiveWeeks } from "../demo/history.ts";
import { openSetting, type Setting } from "../demo/setting.ts";
import { createStage, type Play, type Stage, tell } from "../demo/stage.ts";
import type { Told } from "../demo/teller.ts";
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
  async run(values, _positionals, streams) {
    const began = Date.now();
    let fail: (error: unknown) => void = () => {};
    const broken = new Promise<never>((_, reject) => {
      fail = reject;
    });
    broken.catch(() => undefined);
    streams.out.write(
      `Metsuke demo: a company of ${PEOPLE}, its five weeks, four attacks. Starting ...\n`,
    );
    const setting = await openSetting(fail);
    const stage = createStage(setting, streams);
    const ended = onTermination(setting.logger, () => {
      stage.teller.mute();
      return setting.close();
    });
    const story = (async () => {
      introduce(stage);
      const told = await play(stage);
      const held = told.every(({ checks }) => checks.length > 0 && checks.every((one) => one.held));
      conclude(stage, told, { held, seconds: (Date.now() - began) / 1000 });
      return held;
    })();
    try {
      const held = await Promise.race([story, broken, ended.then(() => undefined)]);
      if (held === undefined) return await ended;
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

function conclude(
  { teller, setting }: Stage,
  told: readonly Told[],
  { held, seconds }: { readonly held: boolean; readonly seconds: number },
): void {
  teller.summary(told);
  const steps = told.filter(({ checks }) => checks.every((one) => one.held)).length;
  teller.line("");
  teller.line(`${steps} of ${told.length} steps held, ${seconds.toFixed(0)} s in all.`);
  if (!held) teller.line(`What the parts had to say is in ${setting.folder}/metsuke.log.`);
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
