"""From a chart, a person and a region to values, form, link, plan and commands.

Pure: plain data in and out, no input or output. Chart, region or user input never raises
here; it yields problems with JSON pointers. Source: spec/launcher.md.
"""
