import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where rsyslogd sends what it receives; the very templates that the documentation shows. */
export interface RsyslogDestinations {
  /** RFC 5424 over TCP, octet-counted. */
  readonly tcp?: { readonly host: string; readonly port: number };
  readonly kafka?: { readonly brokers: readonly string[]; readonly topic: string };
}

const MODULES = [
  "/usr/lib/x86_64-linux-gnu/rsyslog",
  "/usr/lib/aarch64-linux-gnu/rsyslog",
  "/usr/lib/rsyslog",
];

/** Debian packages that are still missing for these destinations. */
export const rsyslogPackages = ({ kafka }: RsyslogDestinations): readonly string[] =>
  kafka === undefined || MODULES.some((folder) => existsSync(join(folder, "omkafka.so")))
    ? []
    : ["rsyslog-kafka"];

/** Also writes everything to `auth.log` in the folder. */
export function rsyslogConfig(folder: string, { tcp, kafka }: RsyslogDestinations): string {
  const lines = [
    `global(workDirectory="${join(folder, "work")}" net.enableDNS="off")`,
    'module(load="imuxsock" SysSock.Name="/dev/log" SysSock.RateLimit.Interval="0")',
    `*.* action(type="omfile" file="${join(folder, "auth.log")}" template="RSYSLOG_FileFormat")`,
  ];
  if (tcp !== undefined) {
    lines.push(
      `*.* action(type="omfwd" target="${tcp.host}" port="${tcp.port}" protocol="tcp"
  TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
  queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1")`,
    );
  }
  if (kafka !== undefined) {
    lines.push(
      'module(load="omkafka")',
      String.raw`template(name="plain" type="string" string="%TIMESTAMP:::date-rfc3339% %HOSTNAME% %syslogtag%%msg%\n")`,
      `*.* action(type="omkafka" broker=${JSON.stringify(kafka.brokers)} topic="${kafka.topic}"
  template="plain" confParam=["queue.buffering.max.ms=5"]
  queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1")`,
    );
  }
  return `${lines.join("\n")}\n`;
}
