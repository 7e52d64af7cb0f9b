/**
 * The library of schemas, typebox, as one file. As it is published it has some 680 modules: to find and load them takes
 * longer than all the rest of the gateway, in every process of it, `openclaw doctor` on a gateway that is down among them.
 */
export { Type, type Static, type TObject, type TSchema } from "typebox";
export { Compile } from "typebox/compile";
export { Value } from "typebox/value";
