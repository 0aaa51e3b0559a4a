/** Certificates instead of keys, against stock charons: who is let in, who is not and why, and what stays of a private key. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import { openSession } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { charonFiles } from './charon.ts';
import { Driven, isUp } from './driven.ts';
import { TestAuthority, type TestCertificate } from './test-authority.ts';
import { gatewayAddress, peerAddress, peerInside, peerNumber, Testbed, tunnelTo } from './testbed.ts';

const gatewaySubject = '/C=NL/O=Contoso/CN=gateway.contoso.com';
const deviceSubject = '/C=NL/O=Contoso/CN=branch.contoso.com';
const bytes = (pem: string): Uint8Array => Buffer.from(pem);

describe('certificates', () => {
  let testbed: Testbed;
  let peer: ViciSession;
  /** Issues the gateway's, and is what the device trusts. */
  let ours: TestAuthority;
  /** Issues the device's, and is what the gateway trusts. */
  let theirs: TestAuthority;
  let gateway: TestCertificate;
  let device: TestCertificate;

  beforeAll(async () => {
    testbed = await Testbed.create(`crt${process.pid}`);
    await testbed.addMachine('a', peerAddress('a'), peerInside('a'));
    [ours, theirs] = await Promise.all([TestAuthority.create('/CN=Ours'), TestAuthority.create('/CN=Theirs')]);
    [gateway, device] = await Promise.all([ours.issue(gatewaySubject), theirs.issue(deviceSubject)]);
  });
  afterAll(async () => {
    ours[Symbol.dispose]();
    theirs[Symbol.dispose]();
    await testbed[Symbol.asyncDispose]();
  });

  const reference = (version: number): { readonly id: string; readonly version: number } => ({ id: 'gateway#certificate', version });
  const plan = (change: Partial<TunnelPlan['ike']> = {}, version = 1): InstancePlan => {
    const { sharedKey: _none, ...ike } = tunnelTo('a').ike;
    const certificate = { own: reference(version), authorities: [theirs.data] };
    const remoteId = 'C=NL, O=Contoso, CN=branch.contoso.com';
    return testbed.instance([{ ...tunnelTo('a'), ike: { ...ike, localId: '%certificate', remoteId, certificate, ...change } }]);
  };
  /** A stock charon of its own for each test: certificates can't be unloaded one by one. */
  const configure = async (own: TestCertificate, trusted: TestAuthority, version: 1 | 2 = 2): Promise<void> => {
    await testbed.killPeer('a');
    peer = await testbed.startPeer('a');
    await peer.loadPrivateKey(bytes(own.keyPem));
    await peer.loadConnection('gw', {
      version: `${version}`,
      local_addrs: [peerAddress('a')],
      remote_addrs: [gatewayAddress],
      proposals: ['aes256-sha256-modp1024'],
      encap: 'yes',
      mobike: 'no',
      local: { auth: 'pubkey', certs: [bytes(own.certificatePem)] },
      remote: { auth: 'pubkey', id: 'C=NL, O=Contoso, CN=gateway.contoso.com', cacerts: [bytes(trusted.certificatePem)] },
      children: { net: { esp_proposals: ['aes256gcm16'], local_ts: ['192.168.21.0/24'], remote_ts: ['0.0.0.0/0'] } },
    });
  };
  const begin = async (instance: InstancePlan): Promise<Driven> => {
    testbed.keys.set('gateway#certificate@1', gateway.certificatePem + gateway.keyPem);
    const engine = testbed.createEngine();
    // A charon of its own for each test: it remembers every certificate that it was ever shown.
    await engine.remove(instance.namespace);
    await testbed.pass(engine, instance);
    return new Driven(testbed, engine, instance);
  };
  const reasonOf = async (run: Driven, code: string): Promise<string> =>
    (await run.until('a', ({ reason }) => reason?.code === code, `the reason is ${code}`)).reason?.message ?? '';
  const charonOf = (run: Driven): Promise<ViciSession> =>
    openSession(charonFiles(testbed.context.paths, run.instance.namespace).socket, { clock: systemClock });

  it.each([1, 2] as const)('of IKEv%i bring a tunnel up, with packets', async (version) => {
    await configure(device, ours, version);
    await using run = await begin(plan({ version }));
    const seen = await run.up('a');
    expect(seen.ikeSas[0]?.version).toBe(version);
    expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
  });

  it('let a device in that starts by itself, known by its common name alone', async () => {
    await configure(device, ours);
    await using run = await begin(plan({ initiates: false, remoteId: 'CN=branch.contoso.com' }));
    await until(
      () =>
        peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 3000 }).then(
          () => true,
          () => false,
        ),
      (isDone) => isDone,
      { because: 'the device is let in', clock: systemClock, timeoutMs: 20_000 },
    );
    expect((await run.up('a')).ikeSas[0]?.isInitiator).toBe(false);
  });

  it.each([
    [
      'of an unknown authority',
      'CertificateUnknownAuthority',
      /certificate C=NL, O=Contoso, CN=branch\.contoso\.com of peer 198\.51\.100\.21 is of an unknown authority/,
      () => ours.issue(deviceSubject),
    ],
    [
      'that has expired',
      'CertificateExpired',
      /certificate C=NL, O=Contoso, CN=branch\.contoso\.com of peer 198\.51\.100\.21 expired on Jan 01 00:00:00 2021$/,
      () => theirs.issue(deviceSubject, { notAfter: '20210101000000Z' }),
    ],
    [
      'that is not valid yet',
      'CertificateExpired',
      /of peer 198\.51\.100\.21 is not valid before Jan 01 00:00:00 2047: is this host's clock right\?$/,
      () => theirs.issue(deviceSubject, { notBefore: '20470101000000Z' }),
    ],
    [
      'with another subject name',
      'WrongIdentity',
      /peer 198\.51\.100\.21 names itself C=NL, O=Contoso, CN=other\.contoso\.com/,
      () => theirs.issue('/C=NL/O=Contoso/CN=other.contoso.com'),
    ],
  ] as const)('as responder, refuse a device with one %s, and say so', async (_what, code, sentence, issue) => {
    await configure(await issue(), ours);
    await using run = await begin(plan({ initiates: false }));
    await run.until('a', ({ reason }) => reason?.message.includes('only responds') === true, 'it waits');
    await peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 3000 }).catch(() => undefined);
    expect(await reasonOf(run, code)).toMatch(sentence);
    expect((await run.engine.observe(run.instance)).connections[0]?.ikeSas).toEqual([]);
  });

  it.each([
    ['of an unknown authority', 'CertificateUnknownAuthority', () => ours.issue(deviceSubject)],
    ['that has expired', 'CertificateExpired', () => theirs.issue(deviceSubject, { notAfter: '20210101000000Z' })],
    ['with another subject name', 'CertificateRefused', () => theirs.issue('/C=NL/O=Contoso/CN=other.contoso.com')],
  ] as const)('as initiator, do not go on with a device with one %s', async (_what, code, issue) => {
    await configure(await issue(), ours);
    await using run = await begin(plan());
    expect(await reasonOf(run, code)).toMatch(/^(?:certificate|peer) .*198\.51\.100\.21/);
  });

  it('are no pass for another connection: an authority counts where it was given, and nowhere else', async () => {
    await configure(await ours.issue(deviceSubject), ours);
    const other = {
      ...tunnelTo('b'),
      ike: { ...plan().tunnels[0]?.ike, remoteAddress: peerAddress('b'), certificate: { own: reference(1), authorities: [ours.data] } },
    };
    await using run = await begin(testbed.instance([...plan().tunnels, other as TunnelPlan]));
    expect(await reasonOf(run, 'CertificateUnknownAuthority')).toMatch(/unknown authority/);
  });

  it('say that the device refused ours', async () => {
    await configure(device, theirs);
    await using run = await begin(plan());
    expect(await reasonOf(run, 'CertificateRefused')).toMatch(/peer 198\.51\.100\.21 .* does not trust our certificate/);
  });

  it('keep a private key in charon only while a connection needs it, and nowhere in words', async () => {
    await configure(device, ours);
    await using run = await begin(plan());
    await run.up('a');
    using charon = await charonOf(run);
    expect(await charon.privateKeyIds()).toHaveLength(1);
    run.change(testbed.instance([]));
    await until(
      () => charon.privateKeyIds(),
      (ids) => ids.length === 0,
      { because: 'no connection needs the private key', clock: systemClock },
    );
    const line = gateway.keyPem.split('\n')[3] ?? 'nothing';
    const texts = readdirSync(testbed.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(texts.filter((text) => text.includes(line) || text.includes('PRIVATE KEY'))).toEqual([]);
  });

  it('are taken anew when another is imported, and touch nothing when not', async () => {
    await configure(device, ours);
    await using run = await begin(plan());
    const first = await run.up('a');
    expect(await testbed.pass(run.engine, run.instance)).toEqual([]);
    expect((await run.engine.observe(run.instance)).connections[0]?.ikeSas[0]?.uniqueId).toBe(first.ikeSas[0]?.uniqueId);
    const renewed = await ours.issue(gatewaySubject);
    testbed.keys.set('gateway#certificate@2', renewed.certificatePem + renewed.keyPem);
    run.change(plan({}, 2));
    const other = (seen: ConnectionObservation): boolean => isUp(seen) && seen.ikeSas[0]?.uniqueId !== first.ikeSas[0]?.uniqueId;
    await run.until('a', other, 'it is up with the new certificate');
    using charon = await charonOf(run);
    expect(await charon.privateKeyIds()).toHaveLength(1);
  });
});
