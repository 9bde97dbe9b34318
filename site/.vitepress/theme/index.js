import DefaultTheme from 'vitepress/theme-without-fonts';
import { h } from 'vue';
import PageNotFound from './PageNotFound.vue';
import TerminalRecording from './TerminalRecording.vue';
import './style.css';

const theme = {
  extends: DefaultTheme,
  // The one of the default theme has no main landmark.
  Layout: () => h(DefaultTheme.Layout, null, { 'not-found': () => h(PageNotFound) }),
  enhanceApp({ app }) {
    app.component('TerminalRecording', TerminalRecording);
  },
};

export { theme as default };
