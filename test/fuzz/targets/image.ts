import { imageMatches, patternFault } from '../../../src/policy/image-pattern.ts';
import { imageText, parseImage } from '../../../src/policy/image-reference.ts';
import { type FuzzTarget, must, mustBeOneLine, mustEqual } from '../target.ts';

/** An image reference and, behind a line feed, a pattern of a policy. */
export const image: FuzzTarget = {
  name: 'image',
  about: 'image references and the patterns of a DebugPolicy, by the people who write them',
  seeds: [
    'busybox\ndocker.io/library/*:*',
    'registry.example:5000/debug/tools/net:v1.2\n*.example:5000/debug/**:v*',
    `ghcr.io/a/b@sha256:${'ab'.repeat(32)}\nghcr.io/*/b@sha256:*`,
    'localhost/x__y-z:latest\nlocalhost/**:*',
  ],
  run(input) {
    const [text = '', pattern = ''] = input.toString().split('\n');
    const parsed = parseImage(text);
    const fault = patternFault(pattern);
    if (fault !== undefined) mustBeOneLine(fault, 'the fault of a pattern');
    if (parsed.kind === 'notUnderstood') return mustBeOneLine(parsed.why, 'why an image is not understood');
    const whole = imageText(parsed.image);
    mustEqual(parseImage(whole), parsed, 'a reference written out in full means the same image');
    if (patternFault(whole) === undefined) must(imageMatches(whole, parsed.image), `${whole} describes itself`);
    const matches = imageMatches(pattern, parsed.image);
    must(!matches || fault === undefined, `${pattern} is no pattern and describes ${whole}`);
  },
};
