"""Source declarations (`sources/<system>.yaml`), read strictly: columns, types, formats and encodings of legacy objects."""
