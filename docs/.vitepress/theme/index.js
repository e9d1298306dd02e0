// VitePress's own theme, without the fonts that it would add, in the colours of the playground and the board.
import theme from 'vitepress/theme-without-fonts';
import './style.css';

export default theme;
