import { KEEP, nats } from "../counts.ts";
import { evidenceOf } from "../../detector.ts";
import { addEvidence } from "../evidence.ts";
import type { Feature, Look } from "../feature.ts";
import { Field } from "../fields.ts";
import { MAGNITUDE_MEMORY, predictMagnitude } from "../magnitudes.ts";
import { isNew, strangeness } from "../strangeness.ts";
import { studentTail } from "../../stats/tails.ts";
import { logInterval, megabytes } from "../wording.ts";

const NAME = "upload to a destination";
const ASSUMED = { mean: 9, variance: 4 } as const;
/** Numbers of the day: surprise in 1/100, its bytes, events, sums of ln and ln² in thousandths. */
const SUMS = 5;
/** Degrees of freedom of one event's size: heavy tails. */
const DEGREES = 4;
const SMALL = 1000;
/** Events of a day that count in the mean, at most. */
const EVENTS = 30;

const newDestination = (look: Look): number =>
  isNew(look, Field.domain)
    ? strangeness(look, Field.domain)
    : isNew(look, Field.host)
      ? strangeness(look, Field.host)
      : 0;

/** One event that sends more than the entity's events do, the more so to where it never sent before. */
export const uploadDestination: Feature = {
  name: NAME,
  stream: "upload to a destination",
  memory: MAGNITUDE_MEMORY,
  sums: SUMS,
  note({ window, sent }, { sums }) {
    if (sent < SMALL) return false;
    const numbers = window.sums;
    const value = Math.log(sent);
    numbers[sums + 2] = (numbers[sums + 2] as number) + 1;
    numbers[sums + 3] = (numbers[sums + 3] as number) + Math.round(1000 * value);
    numbers[sums + 4] = (numbers[sums + 4] as number) + Math.round(1000 * value * value);
    return false;
  },
  judge(look, { memory, sums }) {
    const { sent } = look;
    if (sent < SMALL) return false;
    const numbers = look.window.sums;
    const value = Math.log(sent);
    const peers = look.know.peers(look.state.group).magnitude(NAME, ASSUMED);
    const { mean, deviation } = predictMagnitude(look.state.models, memory, peers);
    if (value <= mean) return false;
    const size = nats(studentTail((value - mean) / deviation, DEGREES));
    const x = Math.round(100 * (size + 0.7 * newDestination(look)));
    if (x <= (numbers[sums] as number)) return false;
    const grown = x > (numbers[sums] as number) + 50;
    numbers[sums] = x;
    numbers[sums + 1] = sent;
    if (grown && x > 300) addEvidence(look.window, x / 100, evidenceOf(look.event));
    return grown;
  },
  surprise: (day, { sums }) => (day.window.sums[sums] as number) / 100,
  learn(day, { memory, sums }, weight) {
    const { sums: numbers } = day.window;
    const { models } = day.state;
    const events = numbers[sums + 2] as number;
    if (events === 0 || weight <= 0) return;
    const added = weight * Math.min(EVENTS, events);
    const total = (models[memory] as number) * KEEP + added;
    const share = added / total;
    const mean = (numbers[sums + 3] as number) / 1000 / events;
    const spread = Math.max(0, (numbers[sums + 4] as number) / 1000 / events - mean * mean);
    const before = models[memory + 1] as number;
    const variance = models[memory + 2] as number;
    models[memory] = total;
    models[memory + 1] = before + share * (mean - before);
    models[memory + 2] =
      (1 - share) * variance + share * spread + share * (1 - share) * (mean - before) ** 2;
  },
  teach(day, { sums }, teach) {
    const { sums: numbers } = day.window;
    const events = numbers[sums + 2] as number;
    if (events === 0) return;
    teach(`${NAME}|n`, 1);
    teach(`${NAME}|1`, (numbers[sums + 3] as number) / 1000 / events);
    teach(`${NAME}|2`, (numbers[sums + 4] as number) / 1000 / events);
  },
  describe(day, { memory, sums }) {
    const peers = day.peers.magnitude(NAME, ASSUMED);
    const [low, high] = logInterval(predictMagnitude(day.state.models, memory, peers), 0);
    return {
      observed: `${megabytes(day.window.sums[sums + 1] as number)} sent at once`,
      expected: `${megabytes(low)} to ${megabytes(high)} an event, where it sends usually`,
    };
  },
};
