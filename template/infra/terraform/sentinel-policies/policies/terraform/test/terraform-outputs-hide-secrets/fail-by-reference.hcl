mock "tfconfig/v2" {
  module {
    source = "mocks/fail-by-reference-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
