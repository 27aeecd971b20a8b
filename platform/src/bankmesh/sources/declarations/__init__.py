"""Source declarations (`sources/<system>.yaml`): columns, types, formats and encodings of legacy objects."""
