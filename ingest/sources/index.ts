import type { Source } from "../source.ts";
import { file } from "./file.ts";
import { http } from "./http.ts";
import { kafka } from "./kafka.ts";
import { syslog } from "./syslog.ts";

/** Every transport; its `name` is its key in the configuration. */
export const sources: readonly Source[] = [file, http, kafka, syslog];
