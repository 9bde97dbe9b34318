import DefaultTheme from 'vitepress/theme-without-fonts';
import TerminalRecording from './TerminalRecording.vue';
import './style.css';

const theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('TerminalRecording', TerminalRecording);
  },
};

export { theme as default };
