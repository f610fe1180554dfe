/** The page's entry: the real engine, the real page. */
import { connectEngine } from '../worker';
import { start } from './start';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
start(connectEngine(), root);
