/* global document */
// Runs in the page, as text. Types of a document are not those of the rest of the code.
(() => ({
  title: document.title,
  ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
  links: [...document.querySelectorAll('a[href]')].map(({ href }) => href),
  emptyHeaders: [...document.querySelectorAll('th')].filter(({ textContent }) => textContent.trim() === '').length,
  headings: [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
    .filter((heading) => heading.closest('.VPContent') !== null)
    .map(({ tagName }) => Number(tagName.slice(1))),
}))();
