import { marked } from 'marked';

/** The addresses of all links and images of a Markdown text, in its order. */
export function linksOf(markdown: string): string[] {
  const links: string[] = [];
  void marked.walkTokens(marked.lexer(markdown), (token) => {
    if (token.type === 'link' || token.type === 'image') links.push((token as { href: string }).href);
  });
  return links;
}
