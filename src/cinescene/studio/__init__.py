"""The studio: a web page on which a director makes a shot. Built on the library, which never imports it."""
