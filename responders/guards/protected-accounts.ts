import { contains, type Guard } from "./guard.ts";

/** Break-glass and listed accounts, and service accounts unless allowed by name. */
export const protectedAccounts: Guard = {
  name: "protected-accounts",
  check({ type, target, params, executor }) {
    if (!contains(type)) return undefined;
    const names = new Set([target.id, executor?.account ?? target.id].map(fold));
    const listed = params.protected.find((name) => names.has(fold(name)));
    if (listed !== undefined) {
      return `${target.id} is on the list of protected accounts and is never acted upon.`;
    }
    if (target.type !== "service") return undefined;
    return params.allow_services.some((name) => names.has(fold(name)))
      ? undefined
      : `${target.id} is a service account and is not listed under allow_services.`;
  },
};

const fold = (name: string): string => name.toLowerCase();
