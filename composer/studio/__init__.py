"""The studio: an HTTP API and a web page for arranging, listening, reworking and exporting, served by one process.

`shapes` says what goes over the wire, `store` keeps it on disk and in the trash, `jobs` lets one worker at a time write or play,
`writing` and `sounding` say what that work is, `routes` and `app` are the door, `guard` stands in it. The page lies in page/: plain
HTML, CSS and ES modules.
"""
