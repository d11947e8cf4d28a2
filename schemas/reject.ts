import { type Static, Type } from "typebox";
import { flag, text, time, word } from "./fields.ts";

/** A record that could not become an Event: why, and its bytes. */
export const Reject = Type.Object(
  {
    "reject.id": text("128-bit hex id, made like an event id from the bytes."),
    "@timestamp": time("When Metsuke received it."),
    "reject.code": word("Reason code, for example `json_invalid`."),
    "reject.reason": text("`code: sentence` that says what was wrong and where."),
    "reject.original": text("The bytes as they came."),
    "reject.original_encoding": Type.Optional(
      word("`latin1` when the bytes were not valid UTF-8 and each stands as one character."),
    ),
    "event.dataset": Type.Optional(word("Format tried, where one was recognised or configured.")),
    "organization.id": word("Tenant."),
    "sender.transport": Type.Optional(word("Channel it came by.")),
    "sender.id": Type.Optional(text("Credential, topic or file it came by.")),
    "sender.ip": Type.Optional(text("Peer address.")),
    "sender.authenticated": Type.Optional(flag("Whether the sender was authenticated.")),
  },
  { $id: "reject", title: "Reject", additionalProperties: false },
);
export type Reject = Static<typeof Reject>;
