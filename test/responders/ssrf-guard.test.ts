import { describe, expect, it } from "vitest";
import { checkTarget, rangeOf } from "../../responders/ssrf-guard.ts";

const nothing = async () => [];
const resolvesTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

describe("checkTarget", () => {
  const shut = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://１２７.0.0.1/",
  ];
  for (const url of shut) {
    it(`refuses ${url}`, async () => {
      expect(await checkTarget(new URL(url), {}, nothing)).toMatchObject({ status: "refused" });
    });
  }

  for (const url of ["https://93.184.216.34/", "https://[2606:4700::1111]/"]) {
    it(`allows ${url}`, async () => {
      expect(await checkTarget(new URL(url), {}, nothing)).toMatchObject({ status: "allowed" });
    });
  }

  it("refuses other schemes and credentials in the URL", async () => {
    for (const url of ["ftp://a.test/", "file:///etc/passwd", "http://u:p@a.test/"]) {
      expect(await checkTarget(new URL(url), {}, resolvesTo("1.1.1.1"))).toMatchObject({
        status: "refused",
      });
    }
  });

  it("refuses a name when one of its addresses is private", async () => {
    const url = new URL("https://a.test/");
    expect(await checkTarget(url, {}, resolvesTo("1.1.1.1"))).toMatchObject({ status: "allowed" });
    expect(await checkTarget(url, {}, resolvesTo("1.1.1.1", "10.0.0.1"))).toEqual({
      status: "refused",
      reason: "host a.test has a private address",
    });
    expect(await checkTarget(url, {}, resolvesTo("1.1.1.1", "::ffff:10.0.0.1"))).toMatchObject({
      status: "refused",
    });
  });

  it("opens private addresses for listed hosts, link-local ones only as written", async () => {
    const rules = { allowPrivate: ["A.test.", "169.254.1.1"] };
    const url = new URL("https://a.TEST./");
    expect(await checkTarget(url, rules, resolvesTo("10.0.0.1"))).toMatchObject({
      status: "allowed",
      addresses: [{ address: "10.0.0.1", family: 4 }],
    });
    expect(await checkTarget(url, rules, resolvesTo("169.254.169.254"))).toMatchObject({
      status: "refused",
    });
    expect(await checkTarget(new URL("http://169.254.1.1/"), rules, nothing)).toMatchObject({
      status: "allowed",
    });
    expect(
      await checkTarget(new URL("https://b.a.test/"), rules, resolvesTo("10.0.0.1")),
    ).toMatchObject({ status: "refused" });
  });

  it("reaches only listed hosts when there is a list", async () => {
    const rules = { hosts: ["hooks.test"] };
    expect(
      await checkTarget(new URL("https://hooks.test/"), rules, resolvesTo("1.1.1.1")),
    ).toMatchObject({ status: "allowed" });
    expect(
      await checkTarget(new URL("https://hooks.test.evil.test/"), rules, resolvesTo("1.1.1.1")),
    ).toMatchObject({ status: "refused" });
    expect(
      await checkTarget(new URL("https://hooks.test/"), rules, resolvesTo("10.0.0.1")),
    ).toMatchObject({ status: "refused" });
  });

  it("says that a name does not resolve", async () => {
    const failing = () => Promise.reject(new Error("ENOTFOUND"));
    for (const lookup of [nothing, failing]) {
      expect(await checkTarget(new URL("https://a.test/"), {}, lookup)).toEqual({
        status: "unresolved",
        reason: "the name a.test does not resolve",
      });
    }
  });
});

describe("rangeOf", () => {
  it("calls what is no address invalid", () => {
    expect(rangeOf("not an address")).toBe("invalid");
    expect(rangeOf("fe80::1%eth0")).not.toBe("public");
  });
});
