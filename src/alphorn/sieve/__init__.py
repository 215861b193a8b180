"""The rule language (RFC 5228): every rule of a mailbox owner compiles to it.

`compiler.compile_script` turns a script's text into a `Script`, a value that can be kept and run on
any number of messages; a script that is wrong raises `ScriptError` with the place and the words of
each mistake. `interpreter.run` runs one on one message and gives a `Result`: the actions in their
order, implicit keep among them. Nothing is executed here, and nothing is read or written; what a
script asks of the world, an `environment.Environment` answers.

The language is a table (`extensions.TABLE`): a capability, its commands, tests and tagged arguments
are one row and one file below `extensions`.
"""
