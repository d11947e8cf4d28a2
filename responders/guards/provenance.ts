import { contains, type Guard } from "./guard.ts";

/** Whoever can write to an open port could otherwise have anybody locked. */
export const provenance: Guard = {
  name: "provenance",
  check({ type, decisive }) {
    if (!contains(type) || decisive["evidence.authenticated"]) return undefined;
    const datasets = decisive["evidence.datasets"].join(", ") || "unknown dataset";
    return `The deciding evidence (${datasets}, ${decisive["event.ids"].length} events) came from a sender that did not authenticate.`;
  },
};
