/**
 * The library of schemas, typebox, as one file. As it is published it has some 680 modules: to find and load them took
 * a third of the time in which a gateway starts, in every process of it, `openclaw doctor` on one that is down among them.
 */
export { Type, type Static, type TObject, type TSchema } from "typebox";
export { Compile } from "typebox/compile";
export { Value } from "typebox/value";
