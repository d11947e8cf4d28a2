import type { OpenSource, Source } from "../source.ts";
import { checkExposure } from "./exposure.ts";
import { SyslogParams } from "./syslog-params.ts";
import { openTcp } from "./syslog-tcp.ts";
import { openUdp } from "./syslog-udp.ts";
import { checkTimezone } from "./timezone.ts";

/** Syslog over TCP (octet counting and LF on one port), TLS and UDP; RFC 6587, 5425, 5426. */
export const syslog: Source<SyslogParams> = {
  name: "syslog",
  title: "Syslog over TCP, TLS and UDP",
  params: SyslogParams,

  async open(context): Promise<OpenSource> {
    const { params } = context;
    checkTimezone("syslog", params.timezone);
    checkExposure(
      {
        name: "syslog",
        host: params.host,
        proves: params.tls?.ca !== undefined && !params.udp,
        unauthenticated: params.unauthenticated,
        remedy: "give it `tls` with a `ca` for client certificates and no `udp`",
      },
      context.log,
    );
    const open: OpenSource[] = [];
    let port = params.port;
    if (params.tcp) {
      const tcp = await openTcp(context);
      open.push(tcp);
      port = tcp.port;
    }
    const close = async (): Promise<void> => {
      await Promise.all(open.map((listener) => listener.close()));
    };
    try {
      if (params.udp) open.push(await openUdp(context, port));
    } catch (error) {
      await close();
      throw error;
    }
    return { address: open.map(({ address }) => address).join(" "), close };
  },
};
