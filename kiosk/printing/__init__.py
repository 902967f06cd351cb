"""Print slips and reports: their content, layout and encodings, and the printer drivers."""
