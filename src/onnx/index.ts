export type * from './ir';
