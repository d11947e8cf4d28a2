import { caps } from "./caps.ts";
import { corroboration } from "./corroboration.ts";
import { globalStop } from "./global-stop.ts";
import type { Guard } from "./guard.ts";
import { identityLink } from "./identity-link.ts";
import { lateEvidence } from "./late-evidence.ts";
import { maturity } from "./maturity.ts";
import { protectedAccounts } from "./protected-accounts.ts";
import { provenance } from "./provenance.ts";

/** In the order they are asked; the first that objects is named in the action. */
export const guards: readonly Guard[] = [
  globalStop,
  protectedAccounts,
  lateEvidence,
  provenance,
  maturity,
  corroboration,
  identityLink,
  caps,
];
