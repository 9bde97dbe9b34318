import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** Both PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;

/**
 * A certificate that its own key has signed, for TLS to clients that check neither issuer nor name: it keeps the
 * connection secret, and proves nothing of who answers. Node can make keys and signatures but no certificates, so the
 * X.509 of RFC 5280 is written here, as far as one certificate needs it (ADR 0011). ECDSA with P-256 and SHA-256, for
 * `localhost`, 127.0.0.1 and `hostname`; valid from an hour ago (clocks differ) for `days`.
 */
export function selfSignedCertificate(options: { hostname: string; now: Date; days: number }): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const from = new Date(options.now.getTime() - DAY_MS / 24);
  const until = new Date(options.now.getTime() + options.days * DAY_MS);
  const name = sequence(set(sequence(OID.commonName, utf8(options.hostname))));
  const signed = sequence(
    explicit(0, integer(Buffer.from([2]))), // v3
    serialNumber(),
    SIGNATURE_ALGORITHM,
    name,
    sequence(time(from), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, extensions(options.hostname)),
  );
  const certificate = sequence(signed, SIGNATURE_ALGORITHM, bitString(sign('sha256', signed, privateKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Not an authority; for signatures; of a server; with these names. The first two are critical. */
function extensions(hostname: string): Buffer {
  const names = [contextual(2, 'localhost'), contextual(2, hostname), element(0x87, Buffer.from([127, 0, 0, 1]))];
  return sequence(
    sequence(OID.basicConstraints, TRUE, octetString(sequence())),
    sequence(OID.keyUsage, TRUE, octetString(element(0x03, Buffer.from([7, 0x80])))),
    sequence(OID.extendedKeyUsage, octetString(sequence(OID.serverAuthentication))),
    sequence(OID.subjectAlternativeName, octetString(sequence(...names))),
  );
}

// DER (ITU-T X.690): a tag, the length, the contents.

function element(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const length = [];
  for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
  const head = body.length < 0x80 ? [body.length] : [0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

function sequence(...contents: Uint8Array[]): Buffer {
  return element(0x30, ...contents);
}

function set(...contents: Uint8Array[]): Buffer {
  return element(0x31, ...contents);
}

function integer(bytes: Uint8Array): Buffer {
  return element(0x02, bytes);
}

/** 127 random bits; the first byte is neither zero nor negative, so that DER has but one way to write it. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return integer(bytes);
}

function bitString(bytes: Uint8Array): Buffer {
  return element(0x03, Buffer.from([0]), bytes);
}

function octetString(bytes: Uint8Array): Buffer {
  return element(0x04, bytes);
}

function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

function explicit(number: number, content: Uint8Array): Buffer {
  return element(0xa0 | number, content);
}

function contextual(number: number, text: string): Buffer {
  return element(0x80 | number, Buffer.from(text));
}

/** RFC 5280: two digits of the year until 2049, four from then on. */
function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'));
}

const OID = {
  commonName: oid('550403'), // 2.5.4.3
  ecdsaWithSha256: oid('2a8648ce3d040302'), // 1.2.840.10045.4.3.2
  basicConstraints: oid('551d13'), // 2.5.29.19
  keyUsage: oid('551d0f'), // 2.5.29.15
  extendedKeyUsage: oid('551d25'), // 2.5.29.37
  serverAuthentication: oid('2b06010505070301'), // 1.3.6.1.5.5.7.3.1
  subjectAlternativeName: oid('551d11'), // 2.5.29.17
};
const TRUE = element(0x01, Buffer.from([0xff]));
const SIGNATURE_ALGORITHM = sequence(OID.ecdsaWithSha256);
