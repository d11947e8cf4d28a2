import { harbour } from "./harbour/harbour.ts";
import { mill } from "./mill/mill.ts";
import { portal } from "./portal/portal.ts";
import type { Organisation } from "./simulation.ts";

/** Synthetic organisations of the evaluation, each by another hand than the engine's. */
export const organisations: readonly Organisation[] = [harbour, mill, portal];

/** @throws Error naming those that there are. */
export function organisationNamed(name: string): Organisation {
  const found = organisations.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = organisations.map((one) => one.name).join(", ");
  throw new Error(`no organisation is called "${name}"; there are ${names}`);
}
