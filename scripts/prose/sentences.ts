import { type Token, Lexer, type Tokens } from 'marked';

/** A sentence that people read, and where it begins. */
export interface Sentence {
  text: string;
  line: number;
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a text without markup. A colon or semicolon ends none. @param line of its beginning */
export function sentencesOf(text: string, line: number): Sentence[] {
  const plain = text.replace(/\s+/g, ' ').trim();
  return [...SEGMENTER.segment(plain)]
    .map(({ segment }) => ({ text: segment.trim(), line }))
    .filter((sentence) => /[a-z]/i.test(sentence.text));
}

/** The sentences of a Markdown page: of paragraphs, list items, headings and cells, without code blocks. */
export function sentencesOfMarkdown(source: string): Sentence[] {
  const found: Sentence[] = [];
  let line = 1;
  for (const token of new Lexer({ gfm: true }).lex(source)) {
    for (const block of blocksOf(token)) found.push(...sentencesOf(block, line));
    line += token.raw.split('\n').length - 1;
  }
  return found;
}

/** The texts of a block, each of which stands alone: a cell is no part of the next one's sentence. */
function blocksOf(token: Token): string[] {
  switch (token.type) {
    case 'table':
      return (token as Tokens.Table).rows.flat().map((cell) => inline(cell.tokens));
    case 'list':
      return (token as Tokens.List).items.flatMap((item) => item.tokens.flatMap(blocksOf));
    case 'blockquote':
      return (token as Tokens.Blockquote).tokens.flatMap(blocksOf);
    case 'paragraph':
    case 'text':
    case 'heading':
      return [inline('tokens' in token ? (token.tokens ?? []) : [token])];
    default:
      return [];
  }
}

/** Words of code count as words; what a link leads to does not. */
function inline(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if (token.type === 'codespan') return (token as Tokens.Codespan).text.replaceAll(/[.?!]/g, '_');
      if (token.type === 'image' || token.type === 'html') return '';
      if ('tokens' in token && token.tokens !== undefined) return inline(token.tokens);
      return token.type === 'br' ? ' ' : 'text' in token ? String(token.text) : '';
    })
    .join('');
}
