// Package enginetest stands in for Terraform core in tests: it drives a
// provider server in process, step by step as the commands plan, apply,
// refresh, import and destroy do, and enforces what core enforces on providers.
//
// A [Core] holds one configured provider server and its compiled schemas. A
// [Resource] is one address in a state. Its operations return two separate
// things: diagnostics, which are what the provider itself said (a refusal is a
// legitimate answer), and an error, which is one or more [Violation] of core's
// rules, a [ConfigError] for a configuration that core would not have accepted,
// or a misuse of this package. A property test fails on the error and looks at
// the diagnostics; [Resource.Must] fails the test on both.
//
// The rules are those of Terraform's resource instance change lifecycle. The
// tolerance that core has for providers of the first plugin SDK is left out on
// purpose: a response that asks for it is a violation. Beyond core, these are
// violations too: a second half of a replacement that contradicts the
// configuration (core notices during apply), a null collection of blocks in any
// state, a map of blocks whose keys differ from the plan's, and a changed identity.
//
// Not modelled: ignore_changes, deferred actions, dynamically typed attributes,
// refinements of unknown values, renewing ephemeral resources, actions, provider_meta,
// generated configuration, the destruction of deposed objects in a later run, and
// core's order of set members where several prior members fit one configured
// member equally well.
package enginetest
