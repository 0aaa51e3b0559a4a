/** Certificates for tests, made by openssl(1): an authority, and certificates of it with any subject, time and kind of key. Not the product's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCommands } from '@sallyport/runtime';

export type TestCertificate = { readonly certificatePem: string; readonly keyPem: string };
export type IssueOptions = { readonly notBefore?: string; readonly notAfter?: string; readonly newkey?: string; readonly usage?: string };

const both = 'serverAuth,clientAuth';

export class TestAuthority implements Disposable {
  readonly certificatePem: string;
  readonly #directory: string;
  #issued = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.certificatePem = readFileSync(join(directory, 'ca.pem'), 'utf8');
  }

  static async create(subject: string): Promise<TestAuthority> {
    const directory = mkdtempSync(join(tmpdir(), 'sp-ca-'));
    const at = (name: string): string => join(directory, name);
    const files = ['-keyout', at('ca.key'), '-out', at('ca.pem')];
    await openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, '-days', '3650', ...files]);
    return new TestAuthority(directory);
  }

  /** Base64 of DER, as Azure's API takes a certificate. */
  get data(): string {
    return this.certificatePem.replaceAll(/-----[A-Z ]+-----|\s/g, '');
  }

  /** @param options.notAfter and `notBefore` as `YYYYMMDDHHMMSSZ`; a past one makes an expired certificate. */
  async issue(subject: string, options: IssueOptions = {}): Promise<TestCertificate> {
    this.#issued += 1;
    const at = (end: string): string => join(this.#directory, `${this.#issued}.${end}`);
    const { newkey = 'rsa:2048', usage = both } = options;
    const curve = newkey === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:prime256v1'] : [];
    await openssl(['req', '-new', '-newkey', newkey, ...curve, '-nodes', '-subj', subject, '-keyout', at('key'), '-out', at('csr')]);
    // openssl-ca(1), because only it takes dates.
    const section = `[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=${this.#directory}\ndatabase=${at('index')}\nserial=${at('serial')}\npolicy=p\ndefault_md=sha256\nunique_subject=no\n[p]\ncountryName=optional\norganizationName=optional\ncommonName=optional\n[e]\n${usage === '' ? '' : `extendedKeyUsage=${usage}\n`}basicConstraints=CA:FALSE\n`;
    writeFileSync(at('cnf'), section);
    writeFileSync(at('index'), '');
    writeFileSync(at('serial'), `${this.#issued}000${this.#issued}`.padStart(8, '0'));
    const authority = ['-cert', join(this.#directory, 'ca.pem'), '-keyfile', join(this.#directory, 'ca.key')];
    const dates = ['-startdate', options.notBefore ?? '20200101000000Z', '-enddate', options.notAfter ?? '20480101000000Z'];
    const how = ['-batch', '-notext', '-config', at('cnf'), '-extensions', 'e', ...authority, ...dates];
    await openssl(['ca', ...how, '-in', at('csr'), '-out', at('pem')]);
    return { certificatePem: readFileSync(at('pem'), 'utf8'), keyPem: readFileSync(at('key'), 'utf8') };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  await systemCommands.run(['openssl', ...args]);
}
