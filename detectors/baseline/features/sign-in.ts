import { evidenceOf } from "../../detector.ts";
import { nats } from "../counts.ts";
import { addEvidence } from "../evidence.ts";
import type { Day, Feature, Look } from "../feature.ts";
import { Field } from "../fields.ts";
import { hourRatio, restlessClock } from "../hours.ts";
import { dayType } from "../population.ts";
import { isSpraying } from "../spraying.ts";
import { countryTerm, isNew, strangeness } from "../strangeness.ts";
import { describeNews } from "./novelty.ts";

/** Greatest surprise of the day, and its parts from place and thing, in 1/100. */
const SUMS = 3;
/** Days without any event beyond which a return counts. */
const LONG_AWAY = 7;
const CONTEXT = [Field.network, Field.country, Field.device, Field.agent, Field.service];

/** Surprise of the hour of this event. */
const hourOf = (look: Look): number =>
  nats(
    hourRatio(
      {
        state: look.state,
        peers: look.know.peers(look.state.group),
        type: dayType(look.context, look.window.day, false),
      },
      look.hour,
      restlessClock(look.state, look.window),
    ),
  );

/** Place and thing of a day's oddest sign-in, in nats. */
export const signInParts = ({ window }: Pick<Day, "window">, sums: number) => ({
  place: (window.sums[sums + 1] as number) / 100,
  thing: (window.sums[sums + 2] as number) / 100,
});

/**
 * Place and thing of one successful sign-in from outside together: a trip is place only, a new
 * laptop thing only; a thief is both. Where two of place, thing and way (action, method, second
 * factor or none) are odd, all else that is odd about the same event counts too.
 */
export const signIn: Feature = {
  name: "sign-in context",
  stream: "sign-in context",
  memory: 0,
  sums: SUMS,
  judge(look, { sums }) {
    if (!look.fromOutside) return false;
    const place = Math.min(5, strangeness(look, Field.network)) + countryTerm(look);
    const thing = Math.min(6, strangeness(look, Field.device) + strangeness(look, Field.agent) / 2);
    const way = Math.min(4, strangeness(look, Field.action));
    let x = place + thing;
    if (Number(place > 2) + Number(thing > 1) + Number(way > 2) >= 2) {
      if (isNew(look, Field.service)) x += 0.7 * strangeness(look, Field.service);
      x += way + Math.min(5, hourOf(look)) / 2;
    }
    // Who comes back after long from where he never was may be another.
    if (place > 2 && look.window.absence > LONG_AWAY) x += Math.log(look.window.absence);
    if (isSpraying(look)) x += 4;
    const numbers = look.window.sums;
    const score = Math.round(100 * x);
    if (score <= (numbers[sums] as number)) return false;
    const grown = score > (numbers[sums] as number) + 50;
    numbers[sums] = score;
    numbers[sums + 1] = Math.round(100 * place);
    numbers[sums + 2] = Math.round(100 * thing);
    look.window.sourceIp = (look.event["source.ip"] ?? "").slice(0, 45);
    if (x > 2) addEvidence(look.window, x, evidenceOf(look.event));
    return grown;
  },
  surprise: (day, { sums }) => (day.window.sums[sums] as number) / 100,
  describe(day) {
    const news = describeNews(day, CONTEXT);
    if (news.observed !== "") return news;
    return {
      observed: `a sign-in from ${day.window.sourceIp || "an unusual place"} in a rare combination`,
      expected: "places and devices of most days",
    };
  },
};
