import { createKeycloak } from "./keycloak.ts";
import type { Responder } from "./responder.ts";
import { createScim } from "./scim.ts";
import { createWebhook } from "./webhook.ts";

/** Every responder by its name; a new one is one line here. */
export function createResponders(): ReadonlyMap<string, Responder> {
  const all: readonly Responder[] = [createKeycloak(), createScim(), createWebhook()];
  return new Map(all.map((responder) => [responder.name, responder]));
}
