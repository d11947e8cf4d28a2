import { errorText } from "../../platform/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Action } from "../../schemas/action.ts";
import type { CaseworkObserved, CaseworkOutcome } from "../../schemas/casework.ts";
import { contains } from "../guards/guard.ts";
import type { Outcome, Plan, TargetState } from "../responder.ts";
import type { ResponderInstance } from "./config.ts";

/** What a worker works with; the role wires it to the log, a simulation to a scheduler. */
export interface WorkerPorts {
  /** Newest record of the action, once the log is known up to this attempt. */
  newest(action: string, step: string, attempt: number): Promise<Action | undefined>;
  /** Appends the observation and reads `casework` up to it; true when it is the first of its attempt. */
  claim(record: CaseworkObserved): Promise<boolean>;
  /** State of the target at the action's first observation. */
  prior(action: string): TargetState | undefined;
  conclude(record: CaseworkOutcome): Promise<void>;
  responder(name: string): ResponderInstance | undefined;
  /** The global stop, live. */
  stopped(): boolean;
  /** Wall clock, epoch ms. */
  now(): number;
  /** Aborts after the hard limit of requests, which is under the grace. */
  timeLimit(): AbortSignal;
  nonce(): string;
  readonly logger: Logger;
}

const JOB = /^([0-9a-f]{1,64})-(apply|undo)-(\d{1,9})$/;

interface Work {
  readonly action: Action;
  readonly instance: ResponderInstance;
  readonly plan: Plan;
  readonly nonce: string;
}

type Step = { readonly status: CaseworkOutcome["status"]; readonly detail: string };

/**
 * Makes one attempt: look, claim, act, look again, tell. It counts nothing and decides nothing;
 * whatever it leaves out (it crashed, it was too late) the next attempt makes good.
 */
export function createWorker(ports: WorkerPorts): (job: string) => Promise<void> {
  return async (job) => {
    const [, id, step, number] = JOB.exec(job) ?? [];
    if (id === undefined || step === undefined) {
      ports.logger.error({ job }, "job id is not an attempt");
      return;
    }
    const action = await ports.newest(id, step, Number(number));
    if (action === undefined || !mayStart(ports, action)) return;
    const nonce = ports.nonce();
    const end = await attempt(ports, action, nonce);
    if (end === undefined) return;
    await ports.conclude({ ...attemptOf(action), kind: "outcome", at: ports.now(), nonce, ...end });
  };
}

const attemptOf = (action: Action) => ({
  action: action["action.id"],
  step: action["action.step"],
  attempt: action["action.attempt"],
});

/** Before its deadline, and not while all is stopped; an undo is never stopped. */
function mayStart(ports: WorkerPorts, action: Action): boolean {
  if (action["action.status"] !== "attempting") return false;
  const deadline = Date.parse(action["action.deadline"] ?? "");
  if (!(ports.now() <= deadline)) return false;
  const stops = action["action.step"] === "apply" && contains(action["action.type"]);
  return !(stops && ports.stopped());
}

/** Undefined when this attempt is not ours. */
async function attempt(
  ports: WorkerPorts,
  action: Action,
  nonce: string,
): Promise<Step | undefined> {
  const name = action["responder.name"];
  const instance = ports.responder(name);
  if (instance === undefined) return failed(`No responder named ${name} is configured.`);
  const plan = instance.responder.plan(action, instance.params);
  if (plan === undefined) {
    return failed(`${name} cannot do ${action["action.type"]} for ${action["target.id"]}.`);
  }
  const work: Work = { action, instance, plan, nonce };
  const seen = await guarded(ports, (signal) =>
    instance.responder.observe(plan, { params: instance.params, signal }),
  );
  if (seen.status === "missing" && action["action.step"] === "apply") return failed(seen.reason);
  if (seen.status !== "found") return retry("reason" in seen ? seen.reason : "no answer");
  const observed = { kind: "observed", at: ports.now(), ...attemptOf(action), nonce } as const;
  if (!(await ports.claim({ ...observed, prior: { ...seen.state } }))) return undefined;
  return act(ports, work);
}

async function act(ports: WorkerPorts, { action, instance, plan }: Work): Promise<Step> {
  const { action: id, step, attempt: number } = attemptOf(action);
  const current = await ports.newest(id, step, number);
  const same =
    current !== undefined &&
    current["action.step"] === step &&
    current["action.attempt"] === number &&
    mayStart(ports, current);
  if (!same) return retry("The attempt was over, or all was stopped, before its effect began.");
  const { responder, params } = instance;
  const prior = ports.prior(id) ?? {};
  const limit = ports.timeLimit();
  const done = await guarded(
    ports,
    (signal) =>
      step === "apply"
        ? responder.apply(plan, action, { params, signal })
        : responder.undo(plan, prior, { params, signal }),
    limit,
  );
  if (done.status !== "done") return { status: done.status, detail: reasonOf(done) };
  if (responder.verification !== "read_back") {
    return { status: "acknowledged", detail: done.receipt };
  }
  const wanted = step === "apply" ? "applied" : "undone";
  const read = await guarded(
    ports,
    (signal) => responder.verify(plan, wanted, prior, { params, signal }),
    limit,
  );
  return read.status === "done"
    ? { status: "confirmed", detail: read.receipt }
    : retry(`${done.receipt}; read back: ${reasonOf(read)}`);
}

const failed = (detail: string): Step => ({ status: "failed", detail });
const retry = (detail: string): Step => ({ status: "retry", detail });
const reasonOf = (outcome: Outcome): string =>
  outcome.status === "done" ? outcome.receipt : outcome.reason;

/** A responder that throws, or does not come back in time, is tried again. */
async function guarded<T>(
  ports: WorkerPorts,
  run: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal = ports.timeLimit(),
): Promise<T | { readonly status: "retry"; readonly reason: string }> {
  let ended = () => {};
  const limit = new Promise<"limit">((resolve) => {
    ended = () => resolve("limit");
    if (signal.aborted) ended();
    else signal.addEventListener("abort", ended, { once: true });
  });
  try {
    const result = await Promise.race([run(signal), limit]);
    return result === "limit"
      ? { status: "retry", reason: "The identity system did not answer within the time limit." }
      : result;
  } catch (error) {
    ports.logger.warn({ err: errorText(error) }, "responder failed");
    return { status: "retry", reason: errorText(error) };
  } finally {
    signal.removeEventListener("abort", ended);
  }
}
