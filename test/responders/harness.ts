import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Outcome, Plan, Responder, TargetState } from "../../responders/responder.ts";
import type { Action, ActionType } from "../../schemas/action.ts";
import { actionOf } from "./action-fixture.ts";
import { type Fault, type FaultyTarget, startFaultyTarget } from "./faulty-target.ts";

/** The identity system behind the responder, as its own administrator sees it. */
export interface Backend {
  /** Origin the faulty target forwards to. */
  readonly origin: string;
  /** Whether the effect of `type` on the account is there. */
  isApplied(type: ActionType): boolean | Promise<boolean>;
  /** Puts the target into the wanted state by another hand. */
  setApplied?(type: ActionType): void | Promise<void>;
  /** Makes the account vanish. */
  remove?(): void | Promise<void>;
  /** Makes the account's name belong to two. */
  double?(): void | Promise<void>;
  stop(): Promise<void>;
}

export interface ContractOptions<Params> {
  /** A responder with a time limit of `timeoutMs` for one request. */
  create(timeoutMs: number): Responder<Params>;
  startBackend(): Promise<Backend>;
  params(origin: string): Params;
  /** Texts that may appear in no outcome. */
  secrets(params: Params): readonly string[];
  readonly account: string;
}

const TIMEOUT_MS = 5_000;
/** Where nothing answers, so that the test need not wait long. */
const SHORT_MS = 200;

const faults: readonly { readonly name: string; readonly fault: Fault; readonly want: string }[] = [
  { name: "400", fault: { kind: "status", status: 400 }, want: "failed" },
  { name: "403", fault: { kind: "status", status: 403 }, want: "failed" },
  {
    name: "a redirect",
    fault: { kind: "status", status: 302, headers: { location: "/x" } },
    want: "failed",
  },
  { name: "429", fault: { kind: "status", status: 429 }, want: "retry" },
  { name: "500", fault: { kind: "status", status: 500 }, want: "retry" },
  { name: "503", fault: { kind: "status", status: 503 }, want: "retry" },
  { name: "silence", fault: { kind: "silence" }, want: "retry" },
  { name: "a reset", fault: { kind: "reset" }, want: "retry" },
  { name: "half an answer", fault: { kind: "half" }, want: "retry" },
  { name: "a lost answer", fault: { kind: "lost-answer" }, want: "retry" },
];

/** What every responder owes the runtime, whatever system it speaks to. */
export function responderContract<Params>(name: string, options: ContractOptions<Params>): void {
  describe(`${name}: responder contract`, () => {
    let backend: Backend;
    let target: FaultyTarget;
    let responder: Responder<Params>;
    let params: Params;
    let stop: AbortController;
    const context = () => ({ params, signal: stop.signal });
    const { actions: types, effect } = options.create(TIMEOUT_MS);

    beforeEach(async () => {
      backend = await options.startBackend();
      target = await startFaultyTarget(backend.origin);
      responder = options.create(TIMEOUT_MS);
      params = options.params(target.origin);
      stop = new AbortController();
    });
    afterEach(async () => {
      await target.stop();
      await backend.stop();
    });

    const planned = (action: Action): Plan => {
      const plan = responder.plan(action, params);
      if (plan === undefined) throw new Error("the responder plans nothing");
      return plan;
    };
    const priorOf = async (plan: Plan): Promise<TargetState> => {
      const seen = await responder.observe(plan, context());
      if (seen.status !== "found") throw new Error(JSON.stringify(seen));
      return seen.state;
    };

    it("plans the same twice, without a request, and nothing it cannot do", () => {
      for (const type of types) {
        const action = actionOf(type, options.account);
        expect(responder.plan(action, params)).toEqual(responder.plan(action, params));
        expect(planned(action)).toMatchObject({ type });
      }
      expect(responder.plan(actionOf("require_step_up", options.account), params)).toBeUndefined();
      expect(target.seen).toEqual([]);
    });

    for (const type of types) {
      describe(`${type}`, () => {
        const action = actionOf(type, options.account);
        const stepsOf = async (call: () => Promise<Outcome>): Promise<number> => {
          const before = target.seen.length;
          await call();
          return target.seen.length - before;
        };

        it("applies, twice as once, reads back and undoes, twice as once", async () => {
          const plan = planned(action);
          const prior = await priorOf(plan);
          expect(JSON.parse(JSON.stringify(prior))).toEqual(prior);
          for (let time = 0; time < 2; time += 1) {
            expect(await responder.apply(plan, action, context())).toMatchObject({
              status: "done",
            });
            expect(await backend.isApplied(type)).toBe(true);
          }
          expect(await statusOf(responder.verify(plan, "applied", prior, context()))).toBe("done");
          for (let time = 0; time < 2; time += 1) {
            expect(await responder.undo(plan, prior, context())).toMatchObject({ status: "done" });
          }
          expect(await statusOf(responder.verify(plan, "undone", prior, context()))).toBe("done");
        });

        for (const { name: title, fault, want } of faults) {
          it(`${title} at any step: ${want}, and the next attempt does it`, async () => {
            const plan = planned(action);
            const prior = await priorOf(plan);
            const faced = fault.kind === "silence" ? options.create(SHORT_MS) : responder;
            const steps = await stepsOf(() => responder.apply(plan, action, context()));
            expect(steps).toBeGreaterThan(0);
            await responder.undo(plan, prior, context());
            for (let step = 0; step < steps; step += 1) {
              target.break(step, fault);
              const outcome = await faced.apply(plan, action, context());
              // A later attempt may need fewer steps than the first, and then meets no fault.
              expect(step === 0 ? target.broken() : 1).toBe(1);
              expect(outcome.status).toBe(target.broken() > 0 ? want : "done");
              expect("reason" in outcome ? outcome.reason : "").not.toMatch(/\p{Cc}/u);
              target.heal();
              expect(await statusOf(responder.apply(plan, action, context()))).toBe("done");
              expect(await backend.isApplied(type)).toBe(true);
              expect(await statusOf(responder.undo(plan, prior, context()))).toBe("done");
            }
          });
        }

        it("passes on Retry-After", async () => {
          const plan = planned(action);
          target.break(0, { kind: "status", status: 429, headers: { "retry-after": "7" } });
          expect(await responder.apply(plan, action, context())).toMatchObject({
            status: "retry",
            afterMs: 7_000,
          });
        });

        it("never repeats a secret, however the target words its answer", async () => {
          const plan = planned(action);
          const prior = await priorOf(plan);
          const steps = await stepsOf(() => responder.apply(plan, action, context()));
          const said: unknown[] = [plan, prior];
          for (const status of [400, 500]) {
            for (let step = 0; step <= steps; step += 1) {
              const fresh = options.create(TIMEOUT_MS);
              const calls = [
                () => fresh.observe(plan, context()),
                () => fresh.apply(plan, action, context()),
                () => fresh.verify(plan, "applied", prior, context()),
                () => fresh.undo(plan, prior, context()),
              ];
              for (const call of calls) {
                target.break(step, { kind: "echo", status });
                said.push(await call());
              }
            }
          }
          target.heal();
          for (const secret of options.secrets(params)) {
            expect(JSON.stringify(said)).not.toContain(secret);
          }
        });

        it("stops when told to", async () => {
          const plan = planned(action);
          const slow = options.create(60_000);
          target.break(0, { kind: "silence" }, true);
          const before = target.seen.length;
          const running = slow.apply(plan, action, context());
          await vi.waitFor(() => expect(target.seen.length).toBe(before + 1));
          stop.abort();
          expect(await running).toMatchObject({ status: "retry" });
          expect(target.seen.length).toBe(before + 1);
          expect(await statusOf(slow.apply(plan, action, context()))).toBe("retry");
          expect(target.seen.length).toBe(before + 1);
        });

        if (effect !== "contain") return;

        it("says done only when the target says so", async () => {
          const plan = planned(action);
          const prior = await priorOf(plan);
          expect(await statusOf(responder.verify(plan, "applied", prior, context()))).toBe("retry");
          await responder.apply(plan, action, context());
          expect(await statusOf(responder.verify(plan, "applied", prior, context()))).toBe("done");
          const undone = type === "revoke_sessions" ? "done" : "retry";
          expect(await statusOf(responder.verify(plan, "undone", prior, context()))).toBe(undone);
          await responder.undo(plan, prior, context());
          expect(await backend.isApplied(type)).toBe(type === "revoke_sessions");
        });

        it("leaves what was already so as it was", async () => {
          await backend.setApplied?.(type);
          const plan = planned(action);
          const prior = await priorOf(plan);
          expect(await statusOf(responder.apply(plan, action, context()))).toBe("done");
          expect(await statusOf(responder.verify(plan, "applied", prior, context()))).toBe("done");
          expect(await statusOf(responder.undo(plan, prior, context()))).toBe("done");
          expect(await statusOf(responder.verify(plan, "undone", prior, context()))).toBe("done");
          expect(await backend.isApplied(type)).toBe(true);
        });

        it("does not act on an account that is gone, and counts it as undone", async () => {
          const plan = planned(action);
          const prior = await priorOf(plan);
          await backend.remove?.();
          expect(await responder.observe(plan, context())).toMatchObject({ status: "missing" });
          expect(await statusOf(responder.apply(plan, action, context()))).toBe("failed");
          expect(await statusOf(responder.verify(plan, "applied", prior, context()))).toBe(
            "failed",
          );
          expect(await statusOf(responder.undo(plan, prior, context()))).toBe("done");
          expect(await statusOf(responder.verify(plan, "undone", prior, context()))).toBe("done");
        });

        it("plans nothing for a name that no account can have", () => {
          for (const name of ["", "a\u001b[31m", "a\u202eb", "a\nb", "x".repeat(257)]) {
            expect(responder.plan(actionOf(type, name), params)).toBeUndefined();
          }
        });

        it("restores nothing when the state before is not known", async () => {
          const plan = planned(action);
          await backend.setApplied?.(type);
          const undone = type === "revoke_sessions" ? "done" : "failed";
          expect(await statusOf(responder.undo(plan, {}, context()))).toBe(undone);
          expect(await backend.isApplied(type)).toBe(true);
        });

        it("does not act on a name that two share", async () => {
          const plan = planned(action);
          await backend.double?.();
          expect(await responder.observe(plan, context())).toMatchObject({ status: "missing" });
          expect(await statusOf(responder.apply(plan, action, context()))).toBe("failed");
          expect(await backend.isApplied(type)).toBe(false);
        });

        it("does not act on another account that took the name", async () => {
          const plan = planned(action);
          const other = { ...action, "action.prior_state": { id: "another" } };
          expect(await statusOf(responder.apply(plan, other, context()))).toBe("failed");
          expect(await backend.isApplied(type)).toBe(false);
        });
      });
    }
  });
}

const statusOf = async (outcome: Promise<Outcome>): Promise<Outcome["status"]> =>
  (await outcome).status;
