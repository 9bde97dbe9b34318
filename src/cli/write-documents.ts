import { Document, isScalar, visit } from 'yaml';

/** Words that YAML 1.1, which kubectl reads, takes for something else than text; `e0` is a number to some readers. */
const RESERVED_WORD = /^(y|n|yes|no|on|off|true|false|null|e[-+]?[0-9]+)$/i;
/** Text that no YAML reader takes for a number, a date, a directive or a structure: everything else gets quotes. */
const SAFE_TEXT = /^[A-Za-z/][A-Za-z0-9_./:@=+-]*$/;

/** A YAML stream of these objects that every YAML version reads as the same values. */
export function writeDocuments(objects: readonly object[]): string {
  return objects.map((object) => `---\n${writeDocument(object)}`).join('');
}

function writeDocument(object: object): string {
  // No anchors: a text that occurs twice is written twice.
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (!isScalar(node) || typeof node.value !== 'string') return;
      const safe = SAFE_TEXT.test(node.value) && !RESERVED_WORD.test(node.value);
      node.type = safe ? 'PLAIN' : 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
}
